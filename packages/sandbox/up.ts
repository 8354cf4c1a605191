import * as os from "node:os";
import { Listr, type ListrTask } from "listr2";
import { messageOf, UserError, ShownError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import { publishCharts, publishCniChart } from "./charts";
import * as cluster from "./cluster";
import type { Stage } from "./images/catalog";
import { artifactsToAssemble, provideImages } from "./images/images";
import { originOf } from "./images/origin";
import { assertAddressesFree } from "./network";
import { allowUse, claim, readOwner, record } from "./ownership";
import { cache, live } from "./paths";
import { assertLinuxRoot, preflight } from "./preflight";
import { type ServiceName, startOrder } from "./serviceNames";
import { logTail } from "./services";
import { contextName, kubernetesVersion } from "./settings";
import { type Artifact, buildArtifact, isBuilt, isDownloadable, provenanceOf } from "./toolchain/artifacts";
import { keepOnlyFor, removeGoCaches } from "./toolchain/goBuild";
import { type GoFamily, goFamilies } from "./toolchain/goFamilies";
import { type Finished, inWords, timeLeft } from "./toolchain/timeLeft";
import { clusterArtifacts, istioctlArtifact } from "./toolchain/toolchain";

const howToReach = `Kubeconfig: ${live.kubeconfig} (context ${contextName})`;

/** Options of {@link up}. */
export interface UpOptions {
    /** Whether the add-ons' images are provided too. `up` without this option provides them later. Default: true. */
    addons?: boolean;
    /** Whether istioctl is built too. Default: false. */
    istioctl?: boolean;
    /** Whether the image and the chart of Istio's CNI plugin are provided too. Default: false. */
    cni?: boolean;
}

/** What has to be built or downloaded, for the page and then for the add-ons and what else was asked for. */
type Plan = Readonly<Record<"page" | "addons", readonly Artifact[]>>;

/** The images that come after the page's. */
type Later = Readonly<Record<Exclude<Stage, "page">, boolean>>;

/** Starts the sandbox, and before that builds what is missing. What is already there stays as it is. */
export async function up({ addons = true, istioctl = false, cni = false }: UpOptions = {}): Promise<void> {
    assertLinuxRoot();
    claim();
    if (cluster.wasReady()) {
        await repair();
    } else {
        await startNew(await planFor({ addons, istioctl, cni }));
    }
    const images = { addons: addons && !hasAddons(), cni: cni && readOwner()?.cni !== true };
    const missing = await addonsPlan({ ...images, istioctl });
    if (missing.length > 0 || images.addons || images.cni) {
        const built = await toBuild(missing);
        await preflight(built);
        await addAddons(missing, built, images);
    }
    console.log(`Kubernetes ${kubernetesVersion} is ready. ${howToReach}`);
}

/** Whether the running sandbox has the add-ons' images. */
export function hasAddons(): boolean {
    return readOwner()?.addons === true;
}

async function planFor(options: Required<UpOptions>): Promise<Plan> {
    const page = [...clusterArtifacts, ...(await artifactsToAssemble("page"))];
    return { page: page.filter((artifact) => !isBuilt(artifact)), addons: await addonsPlan(options) };
}

async function addonsPlan({ addons, istioctl, cni }: Required<UpOptions>): Promise<Artifact[]> {
    const artifacts = [
        ...(istioctl ? [istioctlArtifact] : []),
        ...(cni ? await artifactsToAssemble("cni") : []),
        ...(addons ? await artifactsToAssemble("addons") : []),
    ];
    return artifacts.filter((artifact) => !isBuilt(artifact));
}

/** Those that are not downloaded. */
async function toBuild(artifacts: readonly Artifact[]): Promise<Artifact[]> {
    const downloadable = await Promise.all(artifacts.map(isDownloadable));
    return artifacts.filter((_, i) => !downloadable[i]);
}

/** Starts a sandbox from nothing. If that fails, it removes it again. */
async function startNew(plan: Plan): Promise<void> {
    const built = await toBuild([...plan.page, ...plan.addons]);
    await preflight(built);
    await cluster.removeEverything(); // what a killed run has left
    await assertAddressesFree();
    const interruption = removeWhenInterrupted();
    try {
        await startTasks(plan, built).run();
    } catch (error) {
        await interruption.removal(); // it ends this process: the steps failed only because of the interruption
        cluster.keepLogs();
        await cluster.removeEverything();
        console.error(`The logs of this start are kept in ${cache.failureLogs}`);
        throw new ShownError(messageOf(error));
    }
    interruption.ignore();
}

/** Starts the services that have died; changes nothing if all services run. */
async function repair(): Promise<void> {
    if (cluster.deadServices().length === 0) {
        return;
    }
    if (!clusterArtifacts.every(isBuilt)) {
        const down = commandLine("sandbox", ["down"]);
        throw new UserError(`another version of this clone started the sandbox; remove it first: ${down}`);
    }
    await restart()
        .run()
        .catch((error: unknown) => {
            throw new ShownError(messageOf(error));
        });
}

/**
 * Builds the add-ons and gives their images to the running cluster. If it is interrupted, the cluster stays, and `up`
 * continues.
 */
async function addAddons(missing: readonly Artifact[], built: readonly Artifact[], images: Later): Promise<void> {
    allowUse();
    for (const interruption of ["SIGINT", "SIGTERM"] as const) {
        process.on(interruption, () => process.exit(130)); // it ends the builds too
    }
    const families = familiesOf(missing, built);
    const tasks = new Listr(
        [
            {
                title: "Remove from Go's caches what only the page needed",
                enabled: () => families.length > 0,
                task: () => keepOnlyFor(families),
            },
            buildTask("Make what the add-ons need", missing, [], built),
            {
                title: "Images of the add-ons",
                enabled: () => images.addons,
                task: async (_, task) => {
                    task.title += `: ${originOf(await provideImages("addons", showOn(task)))}`;
                    record({ addons: true });
                },
            },
            {
                title: "Istio's CNI plugin",
                enabled: () => images.cni,
                task: async (_, task) => {
                    task.title += `: ${originOf(await provideImages("cni", showOn(task)))}`;
                    await publishCniChart();
                    record({ cni: true });
                },
            },
            { title: "Remove Go's caches", enabled: () => hasAddons(), task: removeGoCaches },
        ],
        listrOptions,
    );
    await tasks.run().catch((error: unknown) => {
        throw new ShownError(messageOf(error));
    });
}

/**
 * Makes Ctrl-C during the first start remove everything. Both the terminal and npm may send the signal, so it may come twice.
 * @returns `removal` gives the removal, once it has begun; `ignore` ends this
 */
function removeWhenInterrupted() {
    let removal: Promise<void> | undefined;
    const remove = () => {
        removal ??= cluster
            .removeEverything()
            .catch((error: unknown) => {
                console.error(messageOf(error));
            })
            .finally(() => process.exit(130));
    };
    const interruptions = ["SIGINT", "SIGTERM"] as const;
    interruptions.forEach((interruption) => process.on(interruption, remove));
    return {
        removal: () => removal,
        ignore: () => {
            interruptions.forEach((interruption) => process.off(interruption, remove));
        },
    };
}

const listrOptions = { rendererOptions: { collapseSubtasks: false }, registerSignalListeners: false } as const;

/** The Go families among artifacts that are built. */
function familiesOf(artifacts: readonly Artifact[], built: readonly Artifact[]): GoFamily[] {
    const names = artifacts.filter((artifact) => built.includes(artifact)).map(({ name }) => name);
    return Object.values<GoFamily>(goFamilies).filter(({ name }) => names.includes(name));
}

/** The steps from nothing to a ready node. */
function startTasks(plan: Plan, built: readonly Artifact[]) {
    return new Listr(
        [
            buildTask("Make what the page needs", plan.page, plan.addons, built),
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
        listrOptions, // see removeWhenInterrupted
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
            task.title = `Images: ${originOf(await provideImages("page", showOn(task)))}`;
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

/**
 * A task that makes artifacts one after the other, and shows the time that is left for them and for what comes later.
 * @param built those that are not downloaded, which need the time
 */
function buildTask(
    title: string,
    artifacts: readonly Artifact[],
    later: readonly Artifact[],
    built: readonly Artifact[],
): ListrTask {
    const finished: Finished[] = [];
    const titleNow = () => {
        const left = (parts: readonly Artifact[]) => inWords(timeLeft(parts, finished, os.availableParallelism()));
        const remaining = artifacts.slice(finished.length).filter((part) => built.includes(part));
        const more = later.filter((part) => built.includes(part));
        return [
            title,
            remaining.length > 0 && `: ${left(remaining)} left`,
            more.length > 0 && `; after the page, ${left(more)} for the add-ons`,
        ]
            .filter(Boolean)
            .join("");
    };
    return {
        title: titleNow(),
        enabled: () => artifacts.length > 0,
        task: (_, parent) => {
            return parent.newListr(
                artifacts.map<ListrTask>((artifact) => ({
                    title: artifact.title,
                    task: async (_, task) => {
                        await buildArtifact(artifact, showOn(task));
                        const { origin = "built", seconds = 0 } = provenanceOf(artifact) ?? {};
                        task.title = `${artifact.title} (${origin === "built" ? "" : "downloaded, "}${Math.round(seconds)} s)`;
                        finished.push({ name: artifact.name, origin, seconds });
                        parent.title = titleNow();
                    },
                })),
            );
        },
    };
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
