import { Listr, type ListrTask } from "listr2";
import * as cluster from "./cluster";
import type { Provided } from "./images/images";
import { messageOf, ShownFault } from "./fault";
import { record, refuseOthers } from "./ownership";
import { logTail } from "./parts";
import { live } from "./paths";
import { preflight } from "./preflight";
import type { ProcessId } from "./processes";
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
    refuseOthers();
    if (cluster.clusterState().state === "up") {
        console.log(`The sandbox is up. Kubeconfig: ${live.kubeconfig} (context ${contextName})`);
        return;
    }
    await preflight(toolchainArtifacts);
    await cluster.begin();
    const running = cluster.completeNamespaces();
    removeWhenInterrupted(running === undefined);
    try {
        await (running ? restart(running) : startNew()).run({});
    } catch (error) {
        if (!running) {
            await cluster.removeEverything();
        }
        throw new ShownFault(messageOf(error));
    }
    console.log(`Kubernetes ${kubernetesVersion} is ready. Kubeconfig: ${live.kubeconfig} (context ${contextName})`);
}

/** Ctrl-C in a first start leaves nothing behind. A terminal and npm may both deliver the signal, so it may come twice. */
function removeWhenInterrupted(isFirstStart: boolean): void {
    let removal: Promise<void> | undefined;
    for (const interruption of ["SIGINT", "SIGTERM"] as const) {
        process.on(interruption, () => {
            removal ??= (isFirstStart ? cluster.removeEverything() : Promise.resolve()).finally(() =>
                process.exit(130),
            );
        });
    }
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
                    cluster.start(["etcd", "kube-apiserver", "containerd"], context.init);
                },
            },
            { title: "Start Kubernetes", task: (_, task) => task.newListr(startSteps(), { concurrent: true }) },
            {
                title: "Wait for the node",
                task: async ({ init }) => {
                    await cluster.waitForNode();
                    record({ init, complete: true });
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
                if (init) {
                    cluster.start(cluster.apiServerClients, init);
                }
            },
        },
        {
            title: "Images",
            task: async (context, task) => {
                await cluster.waitForContainerd();
                if (context.init) {
                    cluster.start(["kubelet"], context.init);
                }
                const provided = await cluster.loadImages(showOn(task));
                task.title = `Images: ${describe(provided)}`;
            },
        },
        {
            title: "Istio's charts",
            task: async (_, task) => {
                const source = await cluster.loadCharts();
                task.title = `Istio's charts: ${source === "module" ? "out of its Go module" : "from its repository"}`;
            },
        },
    ];
}

/** The steps that bring back a sandbox some of whose parts died. */
function restart(init: ProcessId): Listr<Context> {
    const dead = cluster.deadParts();
    return new Listr<Context>(
        [
            ...dead.map((name) => ({
                title: `Start ${name} again, which had died`,
                task: () => {
                    console.error(`${name} had died; the last lines of its log:\n${logTail(name)}`);
                    cluster.start([name], init);
                },
            })),
            { title: "API server", task: () => cluster.waitForApiServer() },
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

/** Says where the images came from, and which are not what their names say. */
function describe({ pulled, assembled }: Provided): string {
    const standIns = assembled.filter((image) => image.content.startsWith("a stand-in"));
    const built = assembled.filter((image) => !standIns.includes(image));
    return [
        pulled.length > 0 && `${pulled.length} pulled`,
        built.length > 0 && `${names(built)} assembled from Istio's source and a stock Envoy`,
        standIns.length > 0 && `STAND-INS of this project: ${names(standIns)}`,
    ]
        .filter(Boolean)
        .join("; ");
}

const names = (images: Provided["assembled"]) => images.map((image) => image.name.replace(/^.*\//, "")).join(", ");
