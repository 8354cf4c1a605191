/** Starts the cluster: from nothing, or the services that have died. */
import { Listr, type ListrTask } from "listr2";
import { messageOf, ShownError, UserError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import { buildTask, listrOptions, showOn } from "./buildTask";
import { publishCharts } from "./charts";
import * as cluster from "./cluster";
import { provideImages } from "./images/images";
import { originOf } from "./images/origin";
import { assertAddressesFree } from "./network";
import { record } from "./ownership";
import { cache } from "./paths";
import { type ServiceName, startOrder } from "./serviceNames";
import { logTail } from "./services";
import { type Artifact, isBuilt } from "./toolchain/artifacts";
import { clusterArtifacts } from "./toolchain/toolchain";

/** What has to be built or downloaded, for the page and then for the add-ons and what else was asked for. */
export type Plan = Readonly<Record<"page" | "addons", readonly Artifact[]>>;

/**
 * Starts a sandbox from nothing. If that fails, it removes it again.
 * @param built those of the plan's artifacts that are not downloaded
 * @throws ShownError if a step fails
 */
export async function startNew(plan: Plan, built: readonly Artifact[]): Promise<void> {
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

/**
 * Starts the services that have died; changes nothing if all services run.
 * @throws UserError if another version of this clone started the sandbox
 * @throws ShownError if a step fails
 */
export async function repair(): Promise<void> {
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
            await cluster.labelDefaultNamespace();
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
