import { Listr, type ListrTask } from "listr2";
import { messageOf, UserError, ShownError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import { publishCharts } from "./charts";
import * as cluster from "./cluster";
import { provideImages } from "./images/images";
import { originOf } from "./images/origin";
import { assertAddressesFree } from "./network";
import { claim, record } from "./ownership";
import { cache, live } from "./paths";
import { assertLinuxRoot, preflight } from "./preflight";
import { type ServiceName, startOrder } from "./serviceNames";
import { logTail } from "./services";
import { contextName, kubernetesVersion } from "./settings";
import { buildArtifact, isBuilt } from "./toolchain/artifacts";
import { removeGoCaches } from "./toolchain/goBuild";
import { toolchainArtifacts } from "./toolchain/toolchain";

const howToReach = `Kubeconfig: ${live.kubeconfig} (context ${contextName})`;

/** Starts the sandbox, and before that builds what is missing. If the sandbox is up, it does nothing. */
export async function up(): Promise<void> {
    assertLinuxRoot();
    claim();
    if (cluster.wasReady()) {
        await repair();
        return;
    }
    await preflight(toolchainArtifacts);
    await cluster.removeEverything(); // what a killed run has left
    await assertAddressesFree();
    const interruption = removeWhenInterrupted();
    try {
        await startNew().run();
    } catch (error) {
        await interruption(); // it ends this process: the steps failed only because of the interruption
        cluster.keepLogs();
        await cluster.removeEverything();
        console.error(`The logs of this start are kept in ${cache.failureLogs}`);
        throw new ShownError(messageOf(error));
    }
    console.log(`Kubernetes ${kubernetesVersion} is ready. ${howToReach}`);
}

/** Starts the services that have died; changes nothing if all services run. */
async function repair(): Promise<void> {
    if (cluster.deadServices().length === 0) {
        console.log(`The sandbox is up. ${howToReach}`);
        return;
    }
    if (!toolchainArtifacts.every(isBuilt)) {
        const down = commandLine("sandbox", ["down"]);
        throw new UserError(`another version of this clone started the sandbox; remove it first: ${down}`);
    }
    await restart()
        .run()
        .catch((error: unknown) => {
            throw new ShownError(messageOf(error));
        });
    console.log(`The sandbox is up again. ${howToReach}`);
}

/**
 * Makes Ctrl-C during the first start remove everything. Both the terminal and npm may send the signal, so it may come twice.
 * @returns a function that gives the removal, once it has begun
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
function startNew(): Listr {
    return new Listr(
        [
            {
                title: "Build the toolchain",
                enabled: () => !toolchainArtifacts.every(isBuilt),
                task: (_, task) => task.newListr(buildSteps()),
            },
            {
                title: "Make namespaces, network and keys",
                task: async () => {
                    await cluster.prepare();
                    cluster.start(startOrder.first);
                },
            },
            { title: "Start Kubernetes", task: (_, task) => task.newListr(startSteps, { concurrent: true }) },
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

const startSteps: ListrTask[] = [
    {
        title: "Control plane",
        task: async () => {
            await cluster.waitForApiServer();
            await cluster.grantRoles();
            cluster.start(startOrder.afterApiServer);
        },
    },
    {
        title: "Images",
        task: async (_, task) => {
            await cluster.waitForContainerd();
            cluster.start(startOrder.afterContainerd);
            task.title = `Images: ${originOf(await provideImages(showOn(task)))}`;
        },
    },
    {
        title: "Istio's charts",
        task: async (_, task) => {
            task.title = `Istio's charts: from its ${await publishCharts()}`;
        },
    },
];

/** The steps that start dead services again, in the order of a first start. */
function restart(): Listr {
    const isFirst = (name: ServiceName) => startOrder.first.some((first) => first === name);
    const dead = cluster.deadServices();
    const startAgain = (name: ServiceName) => ({
        title: `Start ${name} again, which had died`,
        task: () => {
            console.error(`${name} had died; the last lines of its log:\n${logTail(name)}`);
            cluster.start([name]);
        },
    });
    return new Listr(
        [
            ...dead.filter(isFirst).map(startAgain),
            { title: "API server", task: cluster.waitForApiServer },
            { title: "containerd", task: cluster.waitForContainerd },
            ...dead.filter((name) => !isFirst(name)).map(startAgain),
            { title: "Node", task: cluster.waitForNode },
        ],
        { registerSignalListeners: false },
    );
}

function buildSteps(): ListrTask[] {
    const builds = toolchainArtifacts
        .filter((artifact) => !isBuilt(artifact))
        .map<ListrTask>((artifact) => ({
            title: artifact.title,
            task: async (_, task) => {
                const began = Date.now();
                await buildArtifact(artifact, showOn(task));
                task.title = `${artifact.title} (${Math.round((Date.now() - began) / 1000)} s)`;
            },
        }));
    return [...builds, { title: "Remove Go's caches", task: removeGoCaches }];
}

/** Shows the progress of a step beside it. If the output is not a terminal, only a line from time to time. */
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
