import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { waitUntil } from "../../kubernetes/wait";
import { UserError } from "../../shared/errors";
import type { Progress } from "../terminal/progress";

/** Time until a namespace must be gone, in seconds: it takes a few if nothing blocks it. */
const PATIENCE = 30;

/**
 * Waits until a namespace that is being deleted is gone.
 * @param namespace as it was; undefined if there is none, or if the user may not read it
 * @returns the problem and the remedy if it is not gone after `PATIENCE`
 */
export async function terminatingNamespace(
    namespace: KubernetesObject | undefined,
    api: ClusterApi,
    progress: Progress,
    stop: AbortSignal,
): Promise<string | undefined> {
    if (namespace?.metadata.deletionTimestamp === undefined) {
        return undefined;
    }
    const { name } = namespace.metadata;
    let terminating = namespace;
    try {
        await progress.during(`The old namespace ${name} is gone`, () =>
            waitUntil(`namespace ${name}`, { timeout: PATIENCE, stop }, async () => {
                const now = await api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
                terminating = now ?? terminating;
                return now?.metadata.deletionTimestamp === undefined ? undefined : "is being deleted";
            }),
        );
        return undefined;
    } catch (error) {
        if (error instanceof UserError && !(error instanceof ApiError)) {
            const { conditions = [] } = (terminating.status ?? {}) as {
                conditions?: { status: string; message?: string }[];
            };
            const blocks = conditions.filter(({ status }) => status === "True");
            return [
                `the namespace ${name} is being deleted; nobody can create anything in it until it is gone.`,
                ...blocks.map(({ message = "" }) => `  ${message}`),
                "If an object waits for a finalizer, the controller that the finalizer names must run, to clean up what belongs to the",
                "object, such as a load balancer or a disk. If that controller is gone for good, the object's owner decides. What waits:",
                `  ${api.kubectl} get namespace ${name} --output yaml`,
            ].join("\n");
        }
        throw error;
    }
}
