import path from "node:path";
import pc from "picocolors";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { SANDBOX_STACK } from "../../shared/project";
import { findEngine } from "../engine/discovery";
import { localBackend } from "../engine/pulumiStack";
import { RenderedStrategy } from "../rendered/renderedStrategy";
import { type DeploymentRecord, PULUMI } from "../stack/record";
import { PulumiStrategy } from "./pulumiStrategy";
import type { DeploymentStrategy } from "./strategy";

/** Options by which a user says how to deploy. */
export interface StrategyOptions {
    /** Address of the backend for Pulumi's state. Default: `PULUMI_BACKEND_URL`, else a folder of this clone. */
    backend?: string;
    /**
     * Compare the engine's state with the cluster first. What is rendered is applied again every time; then also the Helm releases that
     * have not changed.
     */
    refresh?: boolean;
    /** Apply what the program renders, even if the Pulumi CLI is available. */
    rendered?: boolean;
}

/** The strategy of the last deployment; else the Pulumi CLI if it is available; else applying what the program renders. */
export async function chooseStrategy(
    record: DeploymentRecord | undefined,
    options: StrategyOptions,
    stop: AbortSignal,
): Promise<DeploymentStrategy> {
    if (record) {
        const strategy = await strategyOf(record, options, stop);
        console.log(`${strategy.description}, as before.`);
        return strategy;
    }
    const discovery = options.rendered ? undefined : await findEngine(stop);
    const strategy =
        discovery && "engine" in discovery
            ? new PulumiStrategy(discovery.engine, backendOf(options), options)
            : new RenderedStrategy(options);
    const line = `${strategy.description}.`;
    console.log(discovery && "missing" in discovery ? pc.yellow(`${discovery.missing}. ${line}`) : line);
    return strategy;
}

/**
 * The strategy that deployed a stack.
 * @throws UserError if that was the Pulumi CLI and it is not available now, or if the options ask for something else
 */
export async function strategyOf(
    { stack, deployedBy: { way, backend } }: DeploymentRecord,
    options: StrategyOptions,
    stop: AbortSignal,
): Promise<DeploymentStrategy> {
    if (way !== PULUMI) {
        return new RenderedStrategy(options);
    }
    if (options.rendered) {
        const down = commandLine("down", stack === SANDBOX_STACK ? [] : ["--stack", stack]);
        throw new UserError(`stack "${stack}" was deployed by the Pulumi CLI; undo that first with \`${down}\``);
    }
    if (options.backend !== undefined && backendOf(options) !== backend) {
        throw new UserError(`the state of stack "${stack}" is in ${backend}, not in ${options.backend}`);
    }
    const discovery = await findEngine(stop);
    if ("missing" in discovery) {
        throw new UserError(
            `stack "${stack}" was deployed by the Pulumi CLI, which keeps its state, but ${discovery.missing}`,
        );
    }
    return new PulumiStrategy(discovery.engine, backend, options);
}

/**
 * The backend that the options choose, else the environment.
 * @throws UserError if its address is malformed
 */
export function backendOf(options: StrategyOptions, env: NodeJS.ProcessEnv = process.env): string {
    const backend = options.backend ?? env.PULUMI_BACKEND_URL ?? localBackend();
    if (/%(?![0-9a-f]{2})/i.test(backend)) {
        throw new UserError(
            `the backend's address ${backend} has a "%" without two hexadecimal digits after it; write "%25" for the sign itself`,
        );
    }
    // The CLI resolves a relative folder from its working directory, which differs between calls here.
    return backend.replace(/^file:\/\/(?![/~])([^?]*)/, (_, folder: string) => `file://${path.resolve(folder)}`);
}
