import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { evaluateProgram } from "../cli/program/evaluate";
import { completeConfig, readStackFile } from "../cli/program/projectConfig";
import { PROJECT_FOLDER, PROJECT_NAME, SANDBOX_STACK, stackFile } from "../shared/project";
import type { Step } from "../cli/render/step";
import { stepsOf } from "../cli/render/steps";
import { SWITCHES } from "../../components/names";

interface IstioConfig {
    hub?: string;
    tag?: string;
    version: string;
    values?: { istiod?: Record<string, unknown> };
    [key: string]: unknown;
}

/** The sandbox's config as committed. */
export function sandboxConfig(): Record<string, unknown> {
    return (parse(readFileSync(stackFile(SANDBOX_STACK), "utf8")) as { config: Record<string, unknown> }).config;
}

/** The same with every add-on off: the mesh and Bookinfo alone. */
export function meshConfig(): Record<string, unknown> {
    const off = Object.fromEntries(Object.values(SWITCHES).map((section) => [section, { enabled: false }]));
    return { ...sandboxConfig(), [`${PROJECT_NAME}:istio`]: { ...istioConfig(), ...off } };
}

/** What the program declares with that config, as steps. The sandbox has to be up: its kubeconfig is read. */
export async function meshSteps(stop?: AbortSignal): Promise<Step[]> {
    const config = Object.fromEntries(
        Object.entries({ ...completeConfig(SANDBOX_STACK, readStackFile(SANDBOX_STACK)), ...meshConfig() }).map(
            ([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)],
        ),
    );
    const request = { folder: PROJECT_FOLDER, project: PROJECT_NAME, stack: SANDBOX_STACK, config };
    return stepsOf(await evaluateProgram(request, undefined, stop));
}

/** The values that the sandbox cannot do without, for each release: all others are the charts' defaults. */
export function leastValues(steps: readonly Step[]): Record<string, Record<string, unknown>> {
    return Object.fromEntries(
        steps.flatMap((step) => (step.type === "release" ? [[step.release.name, leastOf(step.release.values)]] : [])),
    );
}

/** Where the images are; and what the sandbox's stack file says, which is for its stock Envoy. */
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

/** Versions of what is deployed to the sandbox. */
export function meshVersions(): Record<string, string> {
    return { Istio: istioConfig().version };
}
