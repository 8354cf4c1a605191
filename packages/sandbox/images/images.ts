import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { answers } from "../contact";
import { cache, live } from "../paths";
import { type Artifact, buildArtifact, isBuilt, type Report } from "../toolchain/artifacts";
import { imageArtifacts, program, usesFiles } from "../toolchain/toolchain";
import { writeArchive } from "./archive";
import { type AssembledImage, canBeAssembled, catalog, type CatalogImage, filesOf, type Stage } from "./catalog";
import type { Provided } from "./origin";

/** A registry that has all images under their own names, such as `http://127.0.0.1:5000`; by default the images' own. */
const mirror = process.env.SANDBOX_REGISTRY?.replace(/\/$/, "");

/** The archive of a pulled image. */
const pulledArchive = (image: CatalogImage) => path.join(cache.images, `${image.name.replace(/[/:]/g, "_")}.tar`);
/** The archive of assembled images. Other content has another archive. */
const assembledArchive = (stage: Stage, images: readonly AssembledImage[]) => {
    const key = createHash("sha256").update(JSON.stringify(images)).digest("hex").slice(0, 12);
    return path.join(cache.images, `assembled-${stage}-${key}.tar`);
};

const imagesOf = (stage: Stage) => catalog.filter((image) => image.stage === stage);

/** What must be built before the images of a stage: the programs of those that no registry serves. */
export async function artifactsToAssemble(stage: Stage): Promise<Artifact[]> {
    const images = imagesOf(stage);
    const reachable = await reachableRegistries(images);
    const assembled = images
        .filter((image) => !fs.existsSync(pulledArchive(image)) && !reachable.has(registryOf(image.name)))
        .filter(canBeAssembled);
    return artifactsOf(assembled);
}

function artifactsOf(images: readonly AssembledImage[]): Artifact[] {
    const files = images.flatMap(filesOf);
    return imageArtifacts.filter((artifact) => usesFiles(artifact, files));
}

/**
 * Gives containerd every image of a stage. If its registry is reachable, an image is pulled once and kept in the cache.
 * Otherwise it is assembled from programs that were built here, under the same name, or is absent if that is impossible.
 */
export async function provideImages(stage: Stage, report: Report): Promise<Provided> {
    fs.mkdirSync(cache.images, { recursive: true });
    const images = imagesOf(stage);
    const reachable = await reachableRegistries(images);
    const pulled: CatalogImage[] = [];
    for (const image of images) {
        const isCached = fs.existsSync(pulledArchive(image));
        if (isCached || (reachable.has(registryOf(image.name)) && (await pull(image, report)))) {
            pulled.push(image);
        }
    }
    const missing = images.filter((image) => !pulled.includes(image));
    const assembled = missing.filter(canBeAssembled);
    if (assembled.length > 0 && !fs.existsSync(assembledArchive(stage, assembled))) {
        // A registry may answer and yet not serve an image. Then its programs are built only now.
        for (const artifact of artifactsOf(assembled).filter((artifact) => !isBuilt(artifact))) {
            await buildArtifact(artifact, (progress) => {
                report(`${artifact.title}: ${progress}`);
            });
        }
        report(`assembling ${assembled.length} images`);
        removeAssembled(stage);
        const archive = assembledArchive(stage, assembled);
        await writeArchive(assembled, archive, fs.mkdtempSync(path.join(cache.images, `work-${stage}-`)));
    }
    const archives = [
        ...pulled.map(pulledArchive),
        ...(assembled.length > 0 ? [assembledArchive(stage, assembled)] : []),
    ];
    for (const archive of archives) {
        report(`importing ${path.basename(archive)}`);
        await ctr("import", "--local", "--snapshotter", "overlayfs", archive);
    }
    return { pulled, assembled, absent: missing.filter((image) => !canBeAssembled(image)) };
}

/** The registries that answer. */
async function reachableRegistries(images: readonly CatalogImage[]): Promise<Set<string>> {
    const registries = [...new Set(images.map((image) => registryOf(image.name)))];
    const answers = await Promise.all(registries.map(isReachable));
    return new Set(registries.filter((_, i) => answers[i]));
}

/** Pulls an image with ctr, which runs outside the sandbox's network. containerd, inside, has no route to a registry. */
async function pull(image: CatalogImage, report: Report): Promise<boolean> {
    try {
        report(`pulling ${image.name}`);
        await ctr("pull", "--local", ...mirrorOptions(), image.name);
        const partial = `${pulledArchive(image)}.partial`;
        await ctr("export", "--local", partial, image.name);
        fs.renameSync(partial, pulledArchive(image));
        return true;
    } catch {
        return false; // the registry answers but refuses: a rate limit, or a mirror without this image
    }
}

/** Options by which ctr asks the mirror for every image: a folder with containerd's settings of registries. */
function mirrorOptions(): string[] {
    if (mirror === undefined) {
        return [];
    }
    const settings = path.join(live.config, "registries");
    fs.mkdirSync(path.join(settings, "_default"), { recursive: true });
    fs.writeFileSync(
        path.join(settings, "_default", "hosts.toml"),
        `server = "${mirror}"\n\n[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`,
    );
    return ["--hosts-dir", settings];
}

function ctr(...args: string[]): Promise<string> {
    const images = ["--address", live.containerdSocket, "--namespace", "k8s.io", "images"];
    return outputOf(program("containerd", "ctr"), [...images, ...args]);
}

/** Removes a stage's archives with other content, and what interrupted runs have left. */
function removeAssembled(stage: Stage): void {
    const earlier = new RegExp(`^(assembled|work)-${stage}-`);
    for (const entry of fs.readdirSync(cache.images).filter((name) => earlier.test(name))) {
        fs.rmSync(path.join(cache.images, entry), { recursive: true, force: true });
    }
}

/** The registry of an image with a full name, such as `docker.io`. */
function registryOf(image: string): string {
    return image.split("/")[0] ?? image;
}

/** Whether a registry of the distribution protocol answers: `/v2/` gives success, or asks for credentials. */
function isReachable(registry: string): Promise<boolean> {
    const server = mirror ?? `https://${registry === "docker.io" ? "registry-1.docker.io" : registry}`;
    return answers(`${server}/v2/`, { method: "GET", accepts: (status) => status === 200 || status === 401 });
}
