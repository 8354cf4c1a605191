import { ISTIO_NAMESPACE } from "../../../components/names";
import { UserError } from "../../shared/errors";
import type { Connection } from "../stack/connection";
import type { Stack } from "../stack/stack";
import { Progress } from "../terminal/progress";
import { readFacts } from "./clusterFacts";
import { presumeExisting } from "./existingNamespaces";
import { checkFit } from "./fit";
import { checkGatewayCertificate } from "./gatewayCertificate";
import { lookAtLoadBalancer } from "./loadBalancer";
import { otherIstio } from "./otherIstio";
import { unreadableCa } from "./ownCa";
import { NOTHING_CHANGED, refuseMissingPermissions } from "./permissions";
import { pullSecretProblem } from "./pullSecrets";
import { noteOnSharedNamespace } from "./sharedNamespace";
import { terminatingNamespace } from "./terminating";

/**
 * Looks for what would make a deployment fail, before anything is deployed, and says what it changes for others. For a user
 * who may do anything, it costs about 20 short requests, most of them parallel, and none of them twice. For any other user it
 * runs the program and checks the permission for each kind.
 * @returns the stack as it most likely deploys: with the namespaces that were there before
 * @throws UserError naming everything that was found, each with its remedy
 */
export async function preflight(connection: Connection, stop: AbortSignal): Promise<Stack> {
    const { api } = connection;
    const facts = await readFacts(api, connection.stack);
    const { namespaces } = facts;
    const stack = presumeExisting(connection, namespaces);
    await refuseMissingPermissions(stack, api, stop);
    const progress = new Progress();
    const names = [ISTIO_NAMESPACE, stack.appNamespace];
    const app = namespaces.get(stack.appNamespace);
    const [fit, certificate, shared, loadBalancer, ...found] = await Promise.all([
        checkFit({ stack, api }, facts),
        checkGatewayCertificate(stack, api),
        // Only the first deployment changes it.
        stack.record === undefined ? noteOnSharedNamespace(stack.appNamespace, app, api) : undefined,
        lookAtLoadBalancer(stack, api, facts),
        ...names.map((name) => terminatingNamespace(namespaces.get(name), api, progress, stop)),
        otherIstio(api, facts.definitions),
        pullSecretProblem(stack, api),
        unreadableCa(api),
    ]);
    const findings = [...fit, ...certificate];
    const refused = findings.filter((finding) => finding.refused).map(({ text }) => text);
    const obstacles = [...refused, ...found, loadBalancer.obstacle].filter((obstacle) => obstacle !== undefined);
    if (obstacles.length > 0) {
        throw new UserError([...obstacles, NOTHING_CHANGED].join("\n"));
    }
    for (const note of [...findings.map(({ text }) => text), shared, loadBalancer.note]) {
        if (note !== undefined) {
            progress.note(`Note: ${note}`);
        }
    }
    return stack;
}
