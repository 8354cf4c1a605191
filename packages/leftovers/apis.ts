/** Waits for Google's APIs: one that was just enabled can refuse requests for a minute (hashicorp/terraform-provider-google#11435). */
import { messageOf } from "../shared/errors";
import { poll } from "../shared/poll";
import { Google, Refusal } from "./google";

/** Longest time, and the time between two attempts, in milliseconds. */
const PATIENCE = { timeout: 300_000, interval: 5000 };

/** Google's words for an API that is not enabled, or not known everywhere yet. */
const DISABLED = /SERVICE_DISABLED|accessNotConfigured|has not been used in project/;

/**
 * Waits until the APIs that make a cluster answer.
 * @returns a message if they did not, or if that is not known: the requests that need them say it again
 */
export async function waitForApis(
    { project }: { project: string },
    stop: AbortSignal,
    patience = PATIENCE,
): Promise<string | undefined> {
    try {
        const google = await Google.connect(stop);
        const requests = [
            () => google.get("compute", `projects/${project}`),
            () => google.get("container", `projects/${project}/locations/-/clusters`),
            () => google.get("iam", `projects/${project}/serviceAccounts?pageSize=1`),
        ];
        const answer = await poll(async () => {
            const enabled = await Promise.all(requests.map((request) => request().then(() => true, isEnabled)));
            return enabled.every(Boolean);
        }, patience);
        return answer
            ? undefined
            : `Google's APIs do not answer ${patience.timeout / 60_000} minutes after they were enabled.`;
    } catch (error) {
        return `It is not known whether Google's APIs answer: ${messageOf(error)}.`;
    }
}

/** Whether an API is enabled that has refused a request. Who may not ask for this may still make a cluster. */
function isEnabled(error: unknown): boolean {
    if (error instanceof Refusal) {
        return !DISABLED.test(JSON.stringify(error.body));
    }
    throw error;
}
