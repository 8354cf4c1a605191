import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { contact } from "../../kubernetes/contact";
import type { Connection } from "../target/connection";
import type { Stack } from "../target/stack";
import { UserError } from "../../shared/errors";
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
 * Looks for what would make a deployment fail, before anything is deployed. It costs some ten short, parallel requests if
 * the user may do anything. For any other user it runs the program and checks the permission for each kind.
 * @returns the connection to the cluster
 * @throws UserError naming everything that was found, each with its remedy
 */
export async function preflight(stack: Stack, api: ClusterApi, stop: AbortSignal): Promise<Connection> {
    const identity = await contact(stack.cluster, api).catch(async (error: unknown) => {
        if (error instanceof ApiError && error.status === 403) {
            refuse([await permissionFault(stack, api, stop)]);
        }
        throw error;
    });
    refuse([await permissionFault(stack, api, stop)]);
    const progress = new Progress();
    refuse(
        await Promise.all([
            ...[ISTIO_NAMESPACE, stack.appNamespace].map((name) => terminatingNamespace(name, api, progress, stop)),
            findOtherIstio(api).then((found) => otherIstioFault(found, kubectlOn(api.address))),
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

async function permissionFault(stack: Stack, api: ClusterApi, stop: AbortSignal): Promise<string | undefined> {
    if (await mayDoAnything(api)) {
        return undefined;
    }
    const lacks = await findLacks(api, await needsOfProgram(stack, stop), stop);
    if (lacks.length === 0) {
        return undefined;
    }
    const user = await userName(api);
    return [
        `${user === undefined ? "the user" : `"${user}"`} of context "${stack.cluster.context}" lacks permissions:`,
        ...lackLines(lacks).map((line) => `  ${line}`),
        "Istio's charts create ClusterRoles. Only a user who has all their permissions may do that. An administrator runs:",
        `  ${grantCommand(user)}`,
    ].join("\n");
}

async function needsOfProgram(stack: Stack, stop: AbortSignal): Promise<Need[]> {
    try {
        return needsOf(stepsOf(await stack.declaration(stop)));
    } catch (error) {
        if (error instanceof UserError) {
            // Only the engine can read the config, or it is faulty: then the deployment lists all its faults later.
            return istioNeeds();
        }
        throw error;
    }
}
