import { hasTestSandbox, removeSandbox } from "./sharedSandbox";

/** Jest calls this after the last end-to-end test. A sandbox that no test has started stays. */
export default async function teardown(): Promise<void> {
    if (hasTestSandbox()) {
        await removeSandbox();
    }
}
