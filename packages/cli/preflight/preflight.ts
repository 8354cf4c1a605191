import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { Connection } from "../stack/connection";
import type { Stack } from "../stack/stack";
import { UserError } from "../../shared/errors";
import { Progress } from "../terminal/progress";
import { findOtherIstio, otherIstioFault } from "./otherIstio";
import { missingPermissions } from "./permissions";
import { terminatingNamespace } from "./terminating";

/**
 * Looks for what would make a deployment fail, before anything is deployed. It costs some ten short, parallel requests if
 * the user may do anything. For any other user it runs the program and checks the permission for each kind.
 * @returns the connection to the cluster
 * @throws UserError naming everything that was found, each with its remedy
 */
export async function preflight(stack: Stack, api: ClusterApi, stop: AbortSignal): Promise<Connection> {
    const identity = await api.identity().catch(async (error: unknown) => {
        if (error instanceof ApiError && error.status === 403) {
            refuse([await missingPermissions(stack, api, stop)]);
        }
        throw error;
    });
    refuse([await missingPermissions(stack, api, stop)]);
    const progress = new Progress();
    refuse(
        await Promise.all([
            ...[ISTIO_NAMESPACE, stack.appNamespace].map((name) => terminatingNamespace(name, api, progress, stop)),
            findOtherIstio(api).then((found) => otherIstioFault(found, api.kubectl)),
        ]),
    );
    return { stack, api, identity };
}

/** @throws UserError if something is wrong */
function refuse(findings: readonly (string | undefined)[]): void {
    const faults = findings.filter((finding) => finding !== undefined);
    if (faults.length > 0) {
        throw new UserError(`${faults.join("\n")}\nNothing was changed. Do this, then run the command again.`);
    }
}
