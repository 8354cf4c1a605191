import { ISTIO_NAMESPACE } from "../../names";
import type { ClusterApi } from "../cluster/api";
import { ApiError } from "../cluster/apiError";
import { contact } from "../cluster/contact";
import { appNamespaceOf } from "../deployment/namespaces";
import type { Target } from "../deployment/target";
import { Fault } from "../fault";
import { evaluateProgram } from "../program/evaluate";
import { requestFor } from "../program/request";
import { Progress } from "../progress";
import { stepsOf } from "../render/steps";
import { kubectlOn } from "../shell";
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
 * @throws Fault naming everything that was found, each with its remedy
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

/** @throws Fault where something is wrong */
function refuse(findings: readonly (string | undefined)[]): void {
    const faults = findings.filter((finding) => finding !== undefined);
    if (faults.length > 0) {
        throw new Fault(`${faults.join("\n")}\nNothing was changed. Once that is done, run this again.`);
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
        if (error instanceof Fault) {
            // A config that only the engine can read, or one that is refused with all its faults later.
            return istioNeeds();
        }
        throw error;
    }
}
