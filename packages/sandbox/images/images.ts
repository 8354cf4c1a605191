import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { cache, live } from "../paths";
import { program } from "../toolchain/toolchain";
import type { Report } from "../toolchain/artifacts";
import { writeArchive } from "./archive";
import { type AssembledImage, canBeAssembled, catalog, type CatalogImage } from "./catalog";
import type { Provided } from "./origin";

/** Longest time to wait for a registry, in milliseconds. A network that drops packets must not delay the start for long. */
const REGISTRY_TIMEOUT = 3_000;

/** The archive of a pulled image. */
const pulledArchive = (image: CatalogImage) => path.join(cache.images, `${image.name.replace(/[/:]/g, "_")}.tar`);
/** The archive of assembled images. Other content has another archive. */
const assembledArchive = (images: readonly AssembledImage[]) => {
    const key = createHash("sha256").update(JSON.stringify(images)).digest("hex").slice(0, 12);
    return path.join(cache.images, `assembled-${key}.tar`);
};

/**
 * Gives containerd every image of the catalog. If its registry is reachable, an image is pulled once and kept in the cache.
 * Otherwise it is assembled from programs that were built here, under the same name, or is absent if that is impossible.
 */
export async function provideImages(report: Report): Promise<Provided> {
    fs.mkdirSync(cache.images, { recursive: true });
    const reachable = await reachableRegistries();
    const pulled: CatalogImage[] = [];
    for (const image of catalog) {
        const isCached = fs.existsSync(pulledArchive(image));
        if (isCached || (reachable.has(registryOf(image.name)) && (await pull(image, report)))) {
            pulled.push(image);
        }
    }
    const missing = catalog.filter((image) => !pulled.includes(image));
    const assembled = missing.filter(canBeAssembled);
    if (assembled.length > 0 && !fs.existsSync(assembledArchive(assembled))) {
        report(`assembling ${assembled.length} images`);
        removeAssembled();
        await writeArchive(assembled, assembledArchive(assembled), fs.mkdtempSync(path.join(cache.images, "work-")));
    }
    const archives = [...pulled.map(pulledArchive), ...(assembled.length > 0 ? [assembledArchive(assembled)] : [])];
    for (const archive of archives) {
        report(`importing ${path.basename(archive)}`);
        await ctr("import", "--local", "--snapshotter", "overlayfs", archive);
    }
    return { pulled, assembled, absent: missing.filter((image) => !canBeAssembled(image)) };
}

/** The registries that answer. */
async function reachableRegistries(): Promise<Set<string>> {
    const registries = [...new Set(catalog.map((image) => registryOf(image.name)))];
    const answers = await Promise.all(registries.map(isReachable));
    return new Set(registries.filter((_, i) => answers[i]));
}

/** Pulls an image with ctr, which runs outside the sandbox's network. containerd, inside, has no route to a registry. */
async function pull(image: CatalogImage, report: Report): Promise<boolean> {
    try {
        report(`pulling ${image.name}`);
        await ctr("pull", "--local", image.name);
        const partial = `${pulledArchive(image)}.partial`;
        await ctr("export", "--local", partial, image.name);
        fs.renameSync(partial, pulledArchive(image));
        return true;
    } catch {
        return false; // the registry answers but refuses: a rate limit, or a mirror without this image
    }
}

function ctr(...args: string[]): Promise<string> {
    const images = ["--address", live.containerdSocket, "--namespace", "k8s.io", "images"];
    return outputOf(program("containerd", "ctr"), [...images, ...args]);
}

/** Removes archives with other content, and what interrupted runs have left. */
function removeAssembled(): void {
    for (const entry of fs.readdirSync(cache.images).filter((name) => /^(assembled|work)-/.test(name))) {
        fs.rmSync(path.join(cache.images, entry), { recursive: true, force: true });
    }
}

/** The registry of an image with a full name, such as `docker.io`. */
function registryOf(image: string): string {
    return image.split("/")[0] ?? image;
}

/** Whether a registry of the distribution protocol answers: `/v2/` gives success, or asks for credentials. */
async function isReachable(registry: string): Promise<boolean> {
    const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
    try {
        const { status } = await fetch(`https://${host}/v2/`, { signal: AbortSignal.timeout(REGISTRY_TIMEOUT) });
        return status === 200 || status === 401;
    } catch {
        return false;
    }
}
