import { ISTIO_NAMESPACE } from "../../../components/names";
import { UserError } from "../../shared/errors";
import type { Connection } from "../stack/connection";
import { Progress } from "../terminal/progress";
import { otherIstio } from "./otherIstio";
import { NOTHING_CHANGED, refuseMissingPermissions } from "./permissions";
import { terminatingNamespace } from "./terminating";

/**
 * Looks for what would make a deployment fail, before anything is deployed. For a user who may do anything, it costs about
 * ten short, parallel requests. For any other user it runs the program and checks the permission for each kind.
 * @throws UserError naming everything that was found, each with its remedy
 */
export async function preflight({ stack, api }: Connection, stop: AbortSignal): Promise<void> {
    await refuseMissingPermissions(stack, api, stop);
    const progress = new Progress();
    const namespaces = [ISTIO_NAMESPACE, stack.appNamespace];
    const found = await Promise.all([
        ...namespaces.map((name) => terminatingNamespace(name, api, progress, stop)),
        otherIstio(api),
    ]);
    const obstacles = found.filter((obstacle) => obstacle !== undefined);
    if (obstacles.length > 0) {
        throw new UserError([...obstacles, NOTHING_CHANGED].join("\n"));
    }
}
