import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { evaluateProgram } from "../cli/program/evaluate";
import type { Declaration } from "../cli/program/declaration";
import { completeConfig, readStackFile } from "../cli/program/projectConfig";
import { PROJECT_FOLDER, PROJECT_NAME, SANDBOX_STACK, stackFile } from "../shared/project";
import type { Step } from "../cli/render/step";
import { stepsOf } from "../cli/render/steps";
import { SWITCHES } from "../../components/names";

interface IstioConfig {
    version: string;
    values?: { istiod?: Record<string, unknown> };
    [key: string]: unknown;
}

/** The committed config of the sandbox's stack. */
export function sandboxConfig(): Record<string, unknown> {
    return (parse(readFileSync(stackFile(SANDBOX_STACK), "utf8")) as { config: Record<string, unknown> }).config;
}

/** Every kind of setting of traffic, none of which loses a request of a user without a name. */
export const EVERY_SETTING_OF_TRAFFIC = {
    reviews: {
        weights: { v1: 50, v2: 30, v3: 20 },
        users: { jason: "v2" },
        timeout: "5s",
        retries: { attempts: 2, perTryTimeout: "2s", on: ["5xx", "reset"] },
        mirror: { to: "v3", percent: 50 },
        circuitBreaker: { connections: 100, pending: 100, consecutiveErrors: 50, ejection: "1s", maxEjected: 10 },
    },
    ratings: { version: "v1", delay: { for: "10ms", percent: 50 } },
    details: { version: "v1", abort: { status: 503, percent: 1, users: ["jason"] } },
    productpage: { circuitBreaker: { connections: 100 } },
};

/** The same with everything set that routes requests. */
export function routedConfig(): Record<string, unknown> {
    const section = `${PROJECT_NAME}:bookinfo`;
    return {
        ...sandboxConfig(),
        [section]: { ...(sandboxConfig()[section] as object), traffic: EVERY_SETTING_OF_TRAFFIC },
    };
}

/** The same without add-ons: only the mesh and Bookinfo. */
export function meshConfig(): Record<string, unknown> {
    const off = Object.fromEntries(Object.values(SWITCHES).map((section) => [section, { enabled: false }]));
    return { ...sandboxConfig(), [`${PROJECT_NAME}:istio`]: { ...istioConfig(), ...off } };
}

/** The steps that the program declares with that config. The sandbox must be up, because its kubeconfig is read. */
export async function meshSteps(stop?: AbortSignal): Promise<Step[]> {
    return stepsOf(await declarationOf(meshConfig(), stop));
}

/** What the program declares with a config. The sandbox must be up, because its kubeconfig is read. */
export async function declarationOf(own: Record<string, unknown>, stop?: AbortSignal): Promise<Declaration> {
    const config = completeConfig(SANDBOX_STACK, readStackFile(SANDBOX_STACK), own);
    const request = { folder: PROJECT_FOLDER, project: PROJECT_NAME, stack: SANDBOX_STACK, config };
    return evaluateProgram(request, stop);
}

/** The values that each release needs in the sandbox. All others keep the charts' defaults. */
export function leastValues(steps: readonly Step[]): Record<string, Record<string, unknown>> {
    return Object.fromEntries(
        steps.flatMap((step) => (step.type === "release" ? [[step.release.name, leastOf(step.release.values)]] : [])),
    );
}

/** The origin of the images, and the values in the sandbox's stack file, which its stock Envoy needs. */
function leastOf({ global, imagePullPolicy }: Record<string, unknown>): Record<string, unknown> {
    if (global === undefined) {
        return imagePullPolicy === undefined ? {} : { imagePullPolicy };
    }
    const { hub, tag, imagePullPolicy: pull } = global as Record<string, unknown>;
    return { ...istioConfig().values?.istiod, global: { hub, tag, imagePullPolicy: pull } };
}

function istioConfig(): IstioConfig {
    return sandboxConfig()[`${PROJECT_NAME}:istio`] as IstioConfig;
}

/** The version of Istio that is deployed to the sandbox. */
export function istioVersion(): string {
    return istioConfig().version;
}
