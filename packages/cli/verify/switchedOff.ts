import { displayName, type ObjectReference } from "../../kubernetes/object";
import type { Mesh } from "../mesh/mesh";
import { type CheckResult, failed } from "./check";

/**
 * Off means not there: what is switched off has to be gone.
 * @param key the config key that switches it
 * @param object what would still be there
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
