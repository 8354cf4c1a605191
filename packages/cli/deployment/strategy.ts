import path from "node:path";
import pc from "picocolors";
import { type Discovery, findEngine } from "../engine/discovery";
import { localBackend } from "../engine/pulumiStack";
import { UserError } from "../../shared/errors";
import { SANDBOX_STACK } from "../../shared/project";
import { PulumiStrategy } from "./pulumiStrategy";
import { RenderedStrategy } from "../rendered/renderedStrategy";
import type { DeploymentStrategy } from "../target/site";
import type { DeploymentRecord } from "../target/record";

/** Options by which a person says how to deploy. */
export interface StrategyOptions {
    /** Address of the backend for Pulumi's state. Default: `PULUMI_BACKEND_URL`, else a folder of this clone. */
    backend?: string;
    /** Have the engine look at what is really there first. What is rendered is applied anew every time. */
    refresh?: boolean;
    /** Apply what the program renders even where the Pulumi CLI can be had. */
    rendered?: boolean;
}

/**
 * How to deploy a stack: as it was before, else by the Pulumi CLI where it can be had, else by applying what the program
 * renders; what is chosen is said in a line.
 */
export async function chooseStrategy(
    record: DeploymentRecord | undefined,
    options: StrategyOptions,
    stop: AbortSignal,
): Promise<DeploymentStrategy> {
    if (record) {
        refuseChange(record, options);
        const way = await strategyOf(record, stop, options);
        console.log(`${way.description}, as before.`);
        return way;
    }
    if (options.rendered) {
        const way = new RenderedStrategy();
        console.log(`${way.description}.`);
        return way;
    }
    const discovery = await findEngine(stop);
    if ("missing" in discovery) {
        console.log(
            pc.yellow(`${discovery.missing}: applying what the program renders, by helm and server-side apply.`),
        );
        return new RenderedStrategy();
    }
    const way = new PulumiStrategy(discovery.engine, backendOf(options), options);
    console.log(`${way.description}.`);
    return way;
}

/** The way in which a stack was deployed. @throws UserError where that was by the Pulumi CLI, and there is none now */
export async function strategyOf(
    { stack, deployedBy }: DeploymentRecord,
    stop: AbortSignal,
    options: Pick<StrategyOptions, "refresh"> = {},
): Promise<DeploymentStrategy> {
    if (deployedBy.way === "rendered") {
        return new RenderedStrategy();
    }
    const discovery: Discovery = await findEngine(stop);
    if ("missing" in discovery) {
        throw new UserError(
            `stack "${stack}" was deployed by the Pulumi CLI, which keeps its state, but ${discovery.missing}`,
        );
    }
    return new PulumiStrategy(discovery.engine, deployedBy.backend, options);
}

/**
 * The backend that the options, else the environment, choose.
 * @throws UserError where its address cannot be read
 */
export function backendOf(options: StrategyOptions, env: NodeJS.ProcessEnv = process.env): string {
    const backend = options.backend ?? env.PULUMI_BACKEND_URL ?? localBackend();
    if (/%(?![0-9a-f]{2})/i.test(backend)) {
        throw new UserError(
            `the backend's address ${backend} has a "%" that two hexadecimal digits do not follow; write "%25" for the sign itself`,
        );
    }
    // The CLI takes a relative folder from where it is run, which is not always the same here.
    return backend.replace(/^file:\/\/(?![/~])([^?]*)/, (_, folder: string) => `file://${path.resolve(folder)}`);
}

/** @throws UserError where the options ask for something else than the stack was deployed with */
function refuseChange({ stack, deployedBy }: DeploymentRecord, options: StrategyOptions): void {
    if (deployedBy.way === "pulumi" && options.rendered) {
        const down = `npm run down${stack === SANDBOX_STACK ? "" : ` -- --stack ${stack}`}`;
        throw new UserError(`stack "${stack}" was deployed by the Pulumi CLI; undo that first, by \`${down}\``);
    }
    if (deployedBy.way === "pulumi" && options.backend !== undefined && backendOf(options) !== deployedBy.backend) {
        throw new UserError(`the state of stack "${stack}" is in ${deployedBy.backend}, not in ${options.backend}`);
    }
}
