import { Listr, type ListrTask } from "listr2";
import * as cluster from "./cluster";
import { publishCharts } from "./charts";
import { provideImages } from "./images/images";
import { originOf } from "./images/origin";
import { messageOf, UserError, ShownError } from "../shared/errors";
import { claim, record } from "./ownership";
import { logTail, type PartName, startOrder } from "./services";
import { cache, live } from "./paths";
import { assertLinuxRoot, preflight } from "./preflight";
import type { ProcessId } from "./processId";
import { contextName, kubernetesVersion } from "./settings";
import { buildArtifact, isBuilt } from "./toolchain/artifacts";
import { removeGoCaches } from "./toolchain/goBuild";
import { toolchainArtifacts } from "./toolchain/toolchain";

/** What the steps hand on to each other. */
interface Context {
    init?: ProcessId;
}

/** Brings the sandbox up: builds what is not built yet, then starts it. On a sandbox that is up it does nothing. */
export async function up(): Promise<void> {
    assertLinuxRoot();
    claim();
    const running = cluster.completeNamespaces();
    if (running) {
        await mend(running);
        return;
    }
    await preflight(toolchainArtifacts);
    await cluster.clear();
    const interruption = removeWhenInterrupted();
    try {
        await startNew().run({});
    } catch (error) {
        await interruption(); // it ends the process; the steps only failed because of it
        cluster.keepLogs();
        await cluster.removeEverything();
        console.error(`The logs of this start are kept in ${cache.failureLogs}`);
        throw new ShownError(messageOf(error));
    }
    console.log(`Kubernetes ${kubernetesVersion} is ready. ${howToReach}`);
}

const howToReach = `Kubeconfig: ${live.kubeconfig} (context ${contextName})`;

/** Starts the parts anew that died; a sandbox whose parts all run is left as it is. */
async function mend(init: ProcessId): Promise<void> {
    if (cluster.deadParts().length === 0) {
        console.log(`The sandbox is up. ${howToReach}`);
        return;
    }
    if (!toolchainArtifacts.every(isBuilt)) {
        throw new UserError(
            "the sandbox that runs here was made by another version of this clone; remove it first: npm run sandbox -- down",
        );
    }
    await restart(init)
        .run({})
        .catch((error: unknown) => {
            throw new ShownError(messageOf(error));
        });
    console.log(`The sandbox is up again. ${howToReach}`);
}

/**
 * Ctrl-C in a first start leaves nothing behind. A terminal and npm may both deliver the signal, so it may come twice.
 *
 * @returns answers the removal that is under way, if any
 */
function removeWhenInterrupted(): () => Promise<void> | undefined {
    let removal: Promise<void> | undefined;
    for (const interruption of ["SIGINT", "SIGTERM"] as const) {
        process.on(interruption, () => {
            removal ??= cluster
                .removeEverything()
                .catch((error: unknown) => {
                    console.error(messageOf(error));
                })
                .finally(() => process.exit(130));
        });
    }
    return () => removal;
}

/** The steps from nothing to a ready node. */
function startNew(): Listr<Context> {
    return new Listr<Context>(
        [
            {
                title: "Build the toolchain",
                enabled: () => !toolchainArtifacts.every(isBuilt),
                task: (_, task) => task.newListr(buildSteps()),
            },
            {
                title: "Make namespaces, network and keys",
                task: async (context) => {
                    context.init = await cluster.prepare();
                    cluster.start(startOrder.first, context.init);
                },
            },
            { title: "Start Kubernetes", task: (_, task) => task.newListr(startSteps(), { concurrent: true }) },
            {
                title: "Wait for the node",
                task: async () => {
                    await cluster.waitForNode();
                    record({ complete: true });
                },
            },
        ],
        { rendererOptions: { collapseSubtasks: false }, registerSignalListeners: false }, // see removeWhenInterrupted
    );
}

function startSteps(): ListrTask<Context>[] {
    return [
        {
            title: "Control plane",
            task: async ({ init }) => {
                await cluster.waitForApiServer();
                await cluster.grantRoles();
                if (init) {
                    cluster.start(startOrder.afterApiServer, init);
                }
            },
        },
        {
            title: "Images",
            task: async (context, task) => {
                await cluster.waitForContainerd();
                if (context.init) {
                    cluster.start(startOrder.afterContainerd, context.init);
                }
                const provided = await provideImages(showOn(task));
                task.title = `Images: ${originOf(provided)}`;
            },
        },
        {
            title: "Istio's charts",
            task: async (_, task) => {
                const source = await publishCharts();
                task.title = `Istio's charts: ${source === "module" ? "out of its Go module" : "from its repository"}`;
            },
        },
    ];
}

/** The steps that bring back a sandbox some of whose parts died, in the order of a first start. */
function restart(init: ProcessId): Listr<Context> {
    const isFirst = (name: PartName) => startOrder.first.some((part) => part === name);
    const dead = cluster.deadParts();
    const startAgain = (name: PartName) => ({
        title: `Start ${name} again, which had died`,
        task: () => {
            console.error(`${name} had died; the last lines of its log:\n${logTail(name)}`);
            cluster.start([name], init);
        },
    });
    return new Listr<Context>(
        [
            ...dead.filter(isFirst).map(startAgain),
            { title: "API server", task: () => cluster.waitForApiServer() },
            { title: "containerd", task: () => cluster.waitForContainerd() },
            ...dead.filter((name) => !isFirst(name)).map(startAgain),
            { title: "Node", task: () => cluster.waitForNode() },
        ],
        { registerSignalListeners: false },
    );
}

function buildSteps(): ListrTask<Context>[] {
    const builds = toolchainArtifacts
        .filter((artifact) => !isBuilt(artifact))
        .map<ListrTask<Context>>((artifact) => ({
            title: artifact.title,
            task: async (_, task) => {
                const began = Date.now();
                await buildArtifact(artifact, showOn(task));
                task.title = `${artifact.title} (${Math.round((Date.now() - began) / 1000)} s)`;
            },
        }));
    return [...builds, { title: "Remove Go's caches", task: removeGoCaches }];
}

/** Shows a step's progress beside it; where the output is no terminal, a line now and then. */
function showOn(task: { output: string }): (progress: string) => void {
    const pause = process.stdout.isTTY ? 100 : 20_000; // milliseconds
    let shown = 0;
    return (progress) => {
        if (Date.now() - shown >= pause) {
            shown = Date.now();
            task.output = progress;
        }
    };
}
