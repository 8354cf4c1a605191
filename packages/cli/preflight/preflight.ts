import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { contact } from "../../kubernetes/contact";
import { appNamespaceOf } from "../target/namespaces";
import type { Target } from "../target/target";
import { UserError } from "../../shared/errors";
import { evaluateProgram } from "../program/evaluate";
import { requestFor } from "../target/request";
import { Progress } from "../terminal/progress";
import { stepsOf } from "../render/steps";
import { kubectlOn } from "../../kubernetes/address";
import { findOtherIstio, otherIstioFault } from "./otherIstio";
import {
    findLacks,
    grantCommand,
    istioNeeds,
    lackLines,
    mayDoAnything,
    type Need,
    needsOf,
    userName,
} from "./permissions";
import { terminatingNamespace } from "./terminating";

/**
 * Looks for what would make a deployment fail, before anything is deployed. To a user who may do anything it costs some
 * ten short requests, side by side; any other user is asked about kind by kind, for which the program is run once.
 * @returns the cluster's identity
 * @throws UserError naming everything that was found, each with its remedy
 */
export async function preflight(target: Target, api: ClusterApi, stop: AbortSignal): Promise<string> {
    const identity = await contact(target.cluster, api).catch(async (error: unknown) => {
        if (error instanceof ApiError && error.status === 403) {
            refuse([await permissionFault(target, api, stop)]);
        }
        throw error;
    });
    refuse([await permissionFault(target, api, stop)]);
    const progress = new Progress();
    refuse(
        await Promise.all([
            ...[ISTIO_NAMESPACE, appNamespaceOf(target.stack)].map((name) =>
                terminatingNamespace(name, api, progress, stop),
            ),
            findOtherIstio(api).then((found) => otherIstioFault(found, kubectlOn(api.address))),
        ]),
    );
    return identity;
}

/** @throws UserError where something is wrong */
function refuse(findings: readonly (string | undefined)[]): void {
    const faults = findings.filter((finding) => finding !== undefined);
    if (faults.length > 0) {
        throw new UserError(`${faults.join("\n")}\nNothing was changed. Once that is done, run this again.`);
    }
}

async function permissionFault(target: Target, api: ClusterApi, stop: AbortSignal): Promise<string | undefined> {
    if (await mayDoAnything(api)) {
        return undefined;
    }
    const lacks = await findLacks(api, await needsOfProgram(target, stop), stop);
    if (lacks.length === 0) {
        return undefined;
    }
    const user = await userName(api);
    return [
        `${user === undefined ? "the user" : `"${user}"`} of context "${target.cluster.context}" lacks permissions:`,
        ...lackLines(lacks).map((line) => `  ${line}`),
        "Istio's charts make ClusterRoles, which only those may who have all that these allow. An administrator runs:",
        `  ${grantCommand(user)}`,
    ].join("\n");
}

async function needsOfProgram(target: Target, stop: AbortSignal): Promise<Need[]> {
    try {
        return needsOf(stepsOf(await evaluateProgram(requestFor(target), undefined, stop)));
    } catch (error) {
        if (error instanceof UserError) {
            // A config that only the engine can read, or one that is refused with all its faults later.
            return istioNeeds();
        }
        throw error;
    }
}
