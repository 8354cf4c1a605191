import { npmRun } from "./commands";
import { hasTestSandbox } from "./sharedSandbox";

/** Jest calls this after the last end-to-end test. A sandbox that no test has started stays. */
export default async function removeSandbox(): Promise<void> {
    if (hasTestSandbox()) {
        await npmRun("down");
    }
}
