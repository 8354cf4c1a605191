import { rmSync } from "node:fs";
import path from "node:path";
import pc from "picocolors";
import { diagnose } from "../cluster/diagnosis";
import { readByPulumiId } from "../cluster/read";
import { Fault } from "../fault";
import { Helm, requireHelm } from "../helm";
import { evaluateProgram } from "../program/evaluate";
import { readStackConfig } from "../program/projectConfig";
import { Progress } from "../progress";
import { PROJECT_FOLDER, PROJECT_NAME, STATE_FOLDER } from "../project";
import { renderedFiles, replaceFolder, valuesPath } from "../render/folder";
import type { Step } from "../render/step";
import { stepsOf } from "../render/steps";
import { type Deployed, HIDDEN, type Site, type Way } from "./deployment";
import { titleOf, withLastingNames } from "./identity";
import { type DeploymentRecord, readRecord, writeRecord } from "./record";
import { applySteps, type Deployer, undoSteps } from "./steps";

/**
 * By applying what the program renders: Helm for the releases, server-side apply for the rest. Without state, diff or
 * deletion of what is no longer declared: those are the engine's.
 */
export class ByRendering implements Way {
    async deploy(site: Site, stop: AbortSignal): Promise<Deployed> {
        const { stack, named, cluster } = site.target;
        const deployer = deployerFor(site);
        const config = readStackConfig(stack, named ? cluster : undefined);
        const request = { folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config };

        const declaration = await evaluateProgram(request, undefined, stop);
        const steps = stepsOf(declaration);
        const folder = renderedFolder(stack);
        replaceFolder(folder, renderedFiles({ stack, steps, templates: new Map() }));

        const lasting = withLastingNames(steps);
        const begun = begunSteps(readRecord(stack));
        const keep = (outputs: Record<string, unknown>) => {
            writeRecord({
                stack,
                cluster: { ...cluster, identity: site.identity },
                deployedBy: { way: "rendered", steps: [...begun.values()] },
                outputs,
            });
        };
        keep({});
        const applying = {
            begun: new Set(begun.keys()),
            onBegin: (step: Step) => {
                begun.set(step.name, step);
                keep({});
            },
            valuesFile: (release: string) => path.join(folder, valuesPath(release)),
            stop,
        };
        await applySteps(lasting, deployer, applying).catch(async (error: unknown) => {
            throw await explained(error, site, lasting);
        });
        reportDropped([...begun.values()], lasting);

        // Once more, now that what the program reads is there: its outputs are then those that the engine would give.
        const read = (type: string, id: string) => readByPulumiId(site.api, type, id);
        const { outputs } = await evaluateProgram(request, read, stop);
        const shown = Object.fromEntries(
            Object.entries(outputs).map(([name, { value, secret }]) => [name, secret ? HIDDEN : value]),
        );
        keep(shown);
        return { outputs: shown, shellCommands: [] };
    }

    async undo(site: Site, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
        await undoSteps([...begunSteps(record).values()], deployerFor(site), stop);
        await this.forget(record.stack);
    }

    forget(stack: string): Promise<void> {
        rmSync(renderedFolder(stack), { recursive: true, force: true });
        return Promise.resolve();
    }
}

/** Where the files are that were applied last. */
function renderedFolder(stack: string): string {
    return path.join(STATE_FOLDER, "rendered", stack);
}

function deployerFor({ api, target }: Site): Deployer {
    return { api, helm: new Helm(requireHelm(), target.cluster), progress: new Progress() };
}

/** The steps that a record knows, by name. */
function begunSteps(record: DeploymentRecord | undefined): Map<string, Step> {
    const steps = record?.deployedBy.way === "rendered" ? record.deployedBy.steps : [];
    return new Map(steps.map((step) => [step.name, step]));
}

function reportDropped(begun: readonly Step[], steps: readonly Step[]): void {
    const declared = new Set(steps.map(({ name }) => name));
    const dropped = begun.filter(({ name }) => !declared.has(name));
    if (dropped.length > 0) {
        console.log(pc.yellow("No longer declared, and left in the cluster until `npm run down`:"));
        dropped.forEach((step) => {
            console.log(`  ${titleOf(step)}`);
        });
    }
}

/** A fault together with what the cluster says of pods that do not run and load balancers without an address. */
async function explained(error: unknown, { api }: Site, steps: readonly Step[]): Promise<unknown> {
    if (!(error instanceof Fault)) {
        return error;
    }
    const namespaces = new Set(
        steps.map((step) =>
            step.type === "release" ? step.release.namespace : (step.object.metadata.namespace ?? ""),
        ),
    );
    const trouble = await diagnose(api, namespaces).catch(() => []);
    return trouble.length > 0 ? new Fault([error.message, ...trouble.map((line) => `  ${line}`)].join("\n")) : error;
}
