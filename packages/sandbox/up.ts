import { Listr } from "listr2";
import { messageOf, ShownError } from "../shared/errors";
import { buildTask, listrOptions, showOn } from "./buildTask";
import { publishCniChart } from "./charts";
import * as cluster from "./cluster";
import type { Stage } from "./images/catalog";
import { artifactsToAssemble, provideImages } from "./images/images";
import { originOf } from "./images/origin";
import { allowUse, claim, readOwner, record } from "./ownership";
import { live } from "./paths";
import { assertLinuxRoot, preflight } from "./preflight";
import { contextName, kubernetesVersion } from "./settings";
import { type Plan, repair, startNew } from "./start";
import { type Artifact, isBuilt, isDownloadable, provenanceOf } from "./toolchain/artifacts";
import { keepOnlyFor, removeGoCaches } from "./toolchain/goBuild";
import { type GoFamily, goFamilies } from "./toolchain/goFamilies";
import { clusterArtifacts, istioctlArtifact, kubernetesArtifact, laterArtifacts } from "./toolchain/toolchain";

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

/** The images that come after the page's. */
type Later = Readonly<Record<Exclude<Stage, "page">, boolean>>;

/** Starts the sandbox, and before that builds what is missing. What is already there stays as it is. */
export async function up({ addons = true, istioctl = false, cni = false }: UpOptions = {}): Promise<void> {
    assertLinuxRoot();
    claim();
    if (cluster.wasReady()) {
        await repair();
    } else {
        const plan = await planFor({ addons, istioctl, cni });
        const built = await toBuild([...plan.page, ...plan.addons]);
        await preflight(built);
        await startNew(plan, built);
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
        ...(addons && (await compilesKubernetes()) ? laterArtifacts : []),
        ...(istioctl ? [istioctlArtifact] : []),
        ...(cni ? await artifactsToAssemble("cni") : []),
        ...(addons ? await artifactsToAssemble("addons") : []),
    ];
    return artifacts.filter((artifact) => !isBuilt(artifact));
}

/**
 * Whether Kubernetes is built here. kube-router has no pinned release, and is only built then: with the packages of Kubernetes it
 * takes seconds, without them minutes.
 */
async function compilesKubernetes(): Promise<boolean> {
    const origin = provenanceOf(kubernetesArtifact)?.origin;
    return origin === undefined ? !(await isDownloadable(kubernetesArtifact)) : origin === "built";
}

/** Those that are not downloaded. */
async function toBuild(artifacts: readonly Artifact[]): Promise<Artifact[]> {
    const downloadable = await Promise.all(artifacts.map(isDownloadable));
    return artifacts.filter((_, i) => !downloadable[i]);
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
    const tasks = new Listr(
        [
            buildTask("Make what the add-ons need", missing, [], built, trimGoCaches(familiesOf(missing, built))),
            {
                title: "Network policies",
                enabled: () => images.addons && laterArtifacts.every(isBuilt),
                task: () => {
                    cluster.startWithAddons();
                },
            },
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
 * Removes from Go's caches, before the first build of each go.mod, what its builds do not need. One go.mod at a time: the
 * sources that the next one downloads would need their space beside the others.
 */
function trimGoCaches(families: readonly GoFamily[]) {
    let trimmedFor: string | undefined;
    return async ({ name }: Artifact, report: (progress: string) => void) => {
        const { module, usesPagePackages } = families.find((family) => family.name === name) ?? {};
        if (module !== undefined && module !== trimmedFor && !usesPagePackages) {
            trimmedFor = module;
            report("removing from Go's caches what only other programs needed");
            await keepOnlyFor(families.filter((family) => family.module === module));
        }
    };
}

/** The Go families among artifacts that are built. */
function familiesOf(artifacts: readonly Artifact[], built: readonly Artifact[]): GoFamily[] {
    const names = artifacts.filter((artifact) => built.includes(artifact)).map(({ name }) => name);
    return Object.values<GoFamily>(goFamilies).filter(({ name }) => names.includes(name));
}
