import { rmSync } from "node:fs";
import path from "node:path";
import pc from "picocolors";
import { removeLeftovers } from "../../leftovers/leftovers";
import { readByPulumiId } from "../../kubernetes/pulumiId";
import { Helm, requireHelm } from "../../kubernetes/helm";
import type { ProgramOutput } from "../program/declaration";
import { evaluateProgram } from "../program/evaluate";
import { requestFor } from "../target/request";
import { Progress } from "../terminal/progress";
import { STATE_FOLDER } from "../../shared/project";
import { liveMesh, refuseForeignMesh } from "../recovery/ownership";
import { renderedFiles, replaceFolder, valuesPath } from "../render/folder";
import type { Step } from "../render/step";
import { stepsOf } from "../render/steps";
import { kubectlOn } from "../../kubernetes/address";
import { type Deployed, HIDDEN, type Site, type DeploymentStrategy } from "../target/site";
import { explainingTrouble } from "../diagnosis/explain";
import { withLastingNames } from "./identity";
import { Inventory, recordedMesh, recordedSteps } from "./inventory";
import { type DeploymentRecord, readRecord } from "../target/record";
import { retry } from "../diagnosis/retry";
import { applySteps, type Deployer, refuseForeign, undoSteps } from "./steps";

/**
 * By applying what the program renders: Helm for the releases, server-side apply for the rest; what was applied before
 * and is no longer declared is removed. Without state, diff or replacement: those are the engine's.
 */
export class RenderedStrategy implements DeploymentStrategy {
    readonly description = "Applying what the program renders, by helm and server-side apply";

    async deploy(site: Site, stop: AbortSignal): Promise<Deployed> {
        const { stack } = site.target;
        const earlier = readRecord(stack);
        await refuseOtherMesh(site, earlier);
        if (earlier) {
            await retry(site, stop);
        }
        const deployer = deployerFor(site);
        const request = requestFor(site.target);
        const steps = stepsOf(await evaluateProgram(request, undefined, stop));
        replaceFolder(renderedFolder(stack), renderedFiles({ stack, steps, templates: new Map() }));

        const lasting = withLastingNames(steps);
        const inventory = new Inventory(site);
        await refuseForeign(
            lasting.filter((step) => !inventory.has(step)),
            site.api,
        );
        await explainingTrouble(site, deployer.progress, stop, (stopOrHopeless) =>
            applySteps(lasting, deployer, {
                onBegin: (step) => {
                    inventory.begin(step);
                },
                valuesFile: (release) => path.join(renderedFolder(stack), valuesPath(release)),
                stop: stopOrHopeless,
            }),
        );
        inventory.settle((await liveMesh(site.api))?.metadata.uid);
        await removeDropped(inventory, lasting, deployer, stop);

        // Once more, now that what the program reads is there: its outputs are then those that the engine would give.
        const read = (type: string, id: string) => readByPulumiId(site.api, type, id);
        const outputs = shown((await evaluateProgram(request, read, stop)).outputs);
        return { outputs, shellCommands: [] };
    }

    async undo(site: Site, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
        await refuseOtherMesh(site, record);
        const deployer = deployerFor(site);
        await undoSteps(recordedSteps(record), deployer, stop);
        const notice = await deployer.progress.during("Istio's leftovers", () =>
            removeLeftovers(site.api, kubectlOn(site.api.address), stop),
        );
        if (notice !== undefined) {
            console.log(pc.yellow(notice));
        }
        await this.forget(record.stack);
    }

    forget(stack: string): Promise<void> {
        rmSync(renderedFolder(stack), { recursive: true, force: true });
        return Promise.resolve();
    }
}

/** @throws UserError where the mesh is not the one that was deployed: steps go by names, which another one has too */
async function refuseOtherMesh({ target, api }: Site, record: DeploymentRecord | undefined): Promise<void> {
    const forget = `npm run down -- --stack ${target.stack} --forget`;
    await refuseForeignMesh(target.stack, recordedMesh(record), api, forget);
}

/** Where the files are that were applied last. */
function renderedFolder(stack: string): string {
    return path.join(STATE_FOLDER, "rendered", stack);
}

function deployerFor({ api, target }: Site): Deployer {
    return { api, helm: new Helm(requireHelm(), target.cluster), progress: new Progress() };
}

function shown(outputs: Record<string, ProgramOutput>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(outputs).map(([name, { value, secret }]) => [name, secret ? HIDDEN : value]),
    );
}

/** Removes what an earlier deployment has made and the program no longer declares: a switch that is off leaves nothing. */
async function removeDropped(inventory: Inventory, declared: readonly Step[], deployer: Deployer, stop: AbortSignal) {
    const dropped = inventory.othersThan(declared);
    if (dropped.length > 0) {
        console.log(pc.yellow("No longer declared, and removed:"));
        await undoSteps(dropped, deployer, stop);
        inventory.forget(dropped);
    }
}
