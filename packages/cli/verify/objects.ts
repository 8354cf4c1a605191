import { displayName, type ObjectReference } from "../../kubernetes/object";
import { whyNotReady } from "../../kubernetes/readiness";
import type { Mesh } from "../mesh/mesh";
import { type CheckResult, failed } from "./check";

/**
 * Switching something off removes it completely: the check fails if the object is still there.
 * @param key the config key that switches it
 */
export async function checkSwitchedOff(
    { api, commands, configured }: Mesh,
    key: string,
    object: ObjectReference,
): Promise<CheckResult> {
    if (!configured) {
        return { status: "off", found: `not in the cluster (${key})` };
    }
    return (await api.read(object))
        ? failed(`${key} is false, but ${displayName(object)} is still there`, commands.up)
        : { status: "off", found: `${key} is false` };
}

/** Why a workload that should run does not; undefined if it runs. */
export async function workloadFailure(
    { api, commands }: Mesh,
    reference: ObjectReference,
): Promise<CheckResult | undefined> {
    const workload = await api.read(reference);
    const what = displayName(reference);
    const { name, namespace = "default" } = reference.metadata;
    const target = `--namespace ${namespace} ${reference.kind.toLowerCase()}/${name}`;
    if (!workload) {
        return failed(`${what} is missing`, commands.redeploy);
    }
    if ((workload.spec as { replicas?: number } | undefined)?.replicas === 0) {
        return failed(`${what} is scaled to 0`, `${commands.kubectl} scale ${target} --replicas 1`);
    }
    const reason = whyNotReady(workload);
    return reason === undefined ? undefined : failed(`${what} ${reason}`, `${commands.kubectl} describe ${target}`);
}
