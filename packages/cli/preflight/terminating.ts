import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { waitUntil } from "../../kubernetes/wait";
import { UserError } from "../../shared/errors";
import type { Progress } from "../terminal/progress";
import { kubectlOn } from "../../kubernetes/address";

/** Time that a namespace gets to be gone, in seconds: one that nothing blocks takes a few. */
const PATIENCE = 30;

/**
 * A namespace that is being deleted, and is not gone after some patience.
 * @returns what is wrong, and what to do; undefined where nothing is
 */
export async function terminatingNamespace(
    name: string,
    api: ClusterApi,
    progress: Progress,
    stop: AbortSignal,
): Promise<string | undefined> {
    const read = async () => terminating(await api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
    let left = await read();
    if (left === undefined) {
        return undefined;
    }
    const gone = async () => {
        left = await read();
        return left && "is being deleted";
    };
    try {
        await progress.during(`The old namespace ${name} is gone`, () =>
            waitUntil(`namespace ${name}`, { timeout: PATIENCE, stop }, gone),
        );
        return undefined;
    } catch (error) {
        if (error instanceof UserError && !(error instanceof ApiError)) {
            return explanation(left, kubectlOn(api.address));
        }
        throw error;
    }
}

function terminating(namespace: KubernetesObject | undefined): KubernetesObject | undefined {
    return namespace?.metadata.deletionTimestamp === undefined ? undefined : namespace;
}

/**
 * What blocks the deletion of a namespace, by its own conditions, and the remedy.
 * @param kubectl how one runs it on the cluster
 */
export function explanation(namespace: KubernetesObject, kubectl: string): string {
    const { name } = namespace.metadata;
    const { conditions = [] } = (namespace.status ?? {}) as {
        conditions?: { status: string; message?: string }[];
    };
    const blocks = conditions.filter(({ status }) => status === "True").map(({ message = "" }) => `  ${message}`);
    return [
        `the namespace ${name} is being deleted, and nothing can be created in it until it is gone.`,
        ...blocks,
        "Where an object waits for a finalizer, whatever set that has to remove it; if that is gone, do it by hand:",
        `  ${kubectl} --namespace ${name} patch KIND NAME --type=merge --patch '{"metadata":{"finalizers":null}}'`,
    ].join("\n");
}
