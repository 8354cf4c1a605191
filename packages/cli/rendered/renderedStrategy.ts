/**
 * Deploys without the Pulumi CLI: applies what the program renders, with helm and server-side apply. It is used if the CLI
 * is not available, or with --rendered. Unlike the engine, it keeps no state and computes no diff or replacement.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import pc from "picocolors";
import { curlCommand } from "../../../components/bookinfo/curlCommand";
import { openCommand } from "../../../components/bookinfo/openCommand";
import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import { withPrivateCharts } from "../../kubernetes/charts";
import { Helm, requireHelm } from "../../kubernetes/helm";
import { markDefinitions } from "../../leftovers/definitions";
import { removeLeftovers, type StayingNamespace } from "../../leftovers/leftovers";
import { STATE_FOLDER } from "../../shared/project";
import type { Deployed, DeploymentStrategy } from "../deployment/strategy";
import { explainingProblems } from "../diagnosis/explain";
import { retry } from "../diagnosis/retry";
import { findIngress } from "../mesh/ingress";
import { findExisting } from "../preflight/existingNamespaces";
import { refuseTakenNames } from "../preflight/takenNames";
import type { ProgramOutput } from "../program/declaration";
import { liveMesh, refuseForeignMesh } from "../recovery/ownership";
import { chartDigestsOf } from "../render/chartDigests";
import { renderedFiles, replaceFolder, valuesPath } from "../render/folder";
import { privateCharts, type Step } from "../render/step";
import { stepsOf } from "../render/steps";
import type { Connection } from "../stack/connection";
import type { DeploymentRecord } from "../stack/record";
import { forgetCommand } from "../stack/suggestions";
import { Progress } from "../terminal/progress";
import { deployedRelease } from "./deployedRelease";
import { withLastingNames } from "./identity";
import { Inventory, recordedMark, recordedMesh, recordedSteps } from "./inventory";
import { applySteps, type Deployer, refuseForeign, undoSteps } from "./steps";

export class RenderedStrategy implements DeploymentStrategy {
    readonly description = "Applying what the program renders, by helm and server-side apply";

    /** @param options.refresh upgrades also the releases that have not changed, which restores their objects */
    constructor(private readonly options: { refresh?: boolean } = {}) {}

    async deploy(reached: Connection, stop: AbortSignal): Promise<Deployed> {
        const { api, stack: presumed } = reached;
        await refuseOtherMesh(reached, presumed.record);
        const begun = new Set(recordedSteps(presumed.record).map(({ name }) => name));
        const existing = await findExisting(reached, ({ metadata: { name } }) => begun.has(`v1 Namespace ${name}`));
        const stack = presumed.withExistingNamespaces(Object.keys(existing));
        const connection = { ...reached, stack };
        if (stack.record) {
            await retry(connection, stop);
        } else {
            await refuseTakenNames(stack, api, () => false);
        }
        const deployer = await deployerFor(connection);
        const declaration = await stack.declaration(stop);
        const steps = stepsOf(declaration);
        replaceFolder(renderedFolder(stack.name), renderedFiles({ stack: stack.name, steps, templates: new Map() }));

        const lasting = withLastingNames(steps);
        const inventory = new Inventory(connection, existing);
        await refuseForeign(
            lasting.filter((step) => !inventory.has(step)),
            api,
        );
        const seen = new Map<string, string | undefined>();
        const { path: helm } = await requireHelm();
        await explainingProblems(connection, deployer.progress, stop, (stopOrHopeless) =>
            withPrivateCharts(helm, privateCharts(lasting, chartDigestsOf(stack.file)), stopOrHopeless, (located) =>
                applySteps(lasting, deployer, {
                    onBegin: (step) => {
                        inventory.begin(step);
                    },
                    isDone: ({ name }) => begun.has(name),
                    isCurrent: async (step) => {
                        const current = await deployedRelease(step.release, api);
                        seen.set(step.name, current);
                        return !this.options.refresh && inventory.isDeployed(step, current);
                    },
                    onReleased: async (step, upgraded) => {
                        const current = upgraded ? await deployedRelease(step.release, api) : seen.get(step.name);
                        inventory.deployed(step, current);
                        if (step.release.name === RELEASES.base && inventory.mark !== undefined) {
                            await markDefinitions(api, inventory.mark);
                        }
                    },
                    valuesFile: (release) => path.join(renderedFolder(stack.name), valuesPath(release)),
                    located,
                    stop: stopOrHopeless,
                }),
            ),
        );
        inventory.settle((await liveMesh(api))?.metadata.uid);
        await removeDropped(inventory, lasting, deployer, stop);

        const outputs = { ...shown(declaration.outputs), ...(await pageOutputs(connection)) };
        return { outputs, shellCommands: [], record: inventory.record };
    }

    async undo(connection: Connection, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
        await refuseOtherMesh(connection, record);
        const { api } = connection;
        const deployer = await deployerFor(connection);
        await undoSteps(recordedSteps(record), deployer, stop);
        const notice = await deployer.progress.during("Istio's leftovers", () =>
            removeLeftovers(api, api.kubectl, stop, { mark: recordedMark(record), staying: stayingIn(record) }),
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

/** The namespace of the control plane, if it was there before the stack. */
function stayingIn({ existing }: DeploymentRecord): StayingNamespace | undefined {
    const before = existing?.[ISTIO_NAMESPACE];
    return before && { name: ISTIO_NAMESPACE, kept: before.kept };
}

/** @throws UserError if the mesh is not the one that was deployed: another one has objects of the same names */
async function refuseOtherMesh({ stack, api }: Connection, record: DeploymentRecord | undefined): Promise<void> {
    await refuseForeignMesh(stack.name, recordedMesh(record), api, forgetCommand(stack.name));
}

/** The folder of the files that were applied last. */
function renderedFolder(stack: string): string {
    return path.join(STATE_FOLDER, "rendered", stack);
}

async function deployerFor({ api, stack }: Connection): Promise<Deployer> {
    return { api, helm: new Helm(await requireHelm(), stack.cluster), progress: new Progress() };
}

/** The program ran before the gateway had an address. These outputs follow from it (index.ts). */
async function pageOutputs({ stack, api }: Connection): Promise<Record<string, string>> {
    const { ingress, appNamespace } = stack;
    const { page } = await findIngress(api, { appNamespace, address: ingress?.address });
    const cluster = { path: stack.cluster.kubeconfig, context: stack.cluster.context };
    if (!page) {
        return { openCommand: openCommand(stack.name, cluster) };
    }
    const isPlain = !ingress?.hosts && !ingress?.tls;
    return {
        ingressIp: page.endpoint.host,
        productpageUrl: page.url,
        ...(!isPlain && { curlCommand: curlCommand(cluster, page.endpoint, ingress) }),
    };
}

/** The outputs as the Pulumi CLI shows them: without the values of secrets. */
function shown(outputs: Record<string, ProgramOutput>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(outputs).map(([name, { value, secret }]) => [name, secret ? "[secret]" : value]),
    );
}

/** Removes what an earlier deployment made and the program no longer declares, such as an add-on that is switched off. */
async function removeDropped(inventory: Inventory, declared: readonly Step[], deployer: Deployer, stop: AbortSignal) {
    const dropped = inventory.othersThan(declared);
    if (dropped.length > 0) {
        console.log(pc.yellow("No longer declared, and removed:"));
        await undoSteps(dropped, deployer, stop);
        inventory.forget(dropped);
    }
}
