import { displayName, type ObjectReference } from "../../kubernetes/object";
import { whyNotReady } from "../../kubernetes/readiness";
import type { Mesh } from "../mesh/mesh";
import { type CheckResult, failed } from "./check";

/** What is wrong with a workload that should run; undefined where it runs. */
export async function workloadFault(
    { api, commands }: Pick<Mesh, "api" | "commands">,
    reference: ObjectReference,
): Promise<CheckResult | undefined> {
    const workload = await api.read(reference);
    const what = displayName(reference);
    const { name, namespace = "default" } = reference.metadata;
    const resource = `${reference.kind.toLowerCase()}/${name}`;
    if (!workload) {
        return failed(`${what} is not there`, commands.redeploy);
    }
    if ((workload.spec as { replicas?: number } | undefined)?.replicas === 0) {
        return failed(
            `${what} is scaled to 0`,
            `${commands.kubectl} scale --namespace ${namespace} ${resource} --replicas 1`,
        );
    }
    const reason = whyNotReady(workload);
    return reason === undefined
        ? undefined
        : failed(`${what} ${reason}`, `${commands.kubectl} describe --namespace ${namespace} ${resource}`);
}
