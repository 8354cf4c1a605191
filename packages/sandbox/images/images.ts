import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../run";
import { cache, live } from "../paths";
import { program } from "../toolchain/toolchain";
import type { Report } from "../toolchain/artifacts";
import { writeArchive } from "./archive";
import { type AssembledImage, canBeAssembled, catalog, type CatalogImage } from "./catalog";
import type { Provided } from "./origin";
import { isReachable, registryOf } from "./registry";

/** The archive that holds one pulled image, or the given ones assembled; another content has another name. */
const pulledArchive = (image: CatalogImage) => path.join(cache.images, `${image.name.replace(/[/:]/g, "_")}.tar`);
const assembledArchive = (images: readonly AssembledImage[]) => {
    const key = createHash("sha256").update(JSON.stringify(images)).digest("hex").slice(0, 12);
    return path.join(cache.images, `assembled-${key}.tar`);
};

/**
 * Gives containerd every image of the catalogue: pulled where its registry is reachable (once, then kept in the cache), else assembled
 * from what was built here, under the same name. What cannot be assembled is then absent.
 */
export async function provideImages(report: Report): Promise<Provided> {
    fs.mkdirSync(cache.images, { recursive: true });
    const reachable = await reachableRegistries();
    const pulled: CatalogImage[] = [];
    for (const image of catalog) {
        if (
            fs.existsSync(pulledArchive(image)) ||
            (reachable.has(registryOf(image.name)) && (await pull(image, report)))
        ) {
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

/** Registries that answer, asked once each and at the same time. */
async function reachableRegistries(): Promise<Set<string>> {
    const registries = [...new Set(catalog.map((image) => registryOf(image.name)))];
    const answers = await Promise.all(registries.map(isReachable));
    return new Set(registries.filter((_, i) => answers[i]));
}

/** Pulls an image through ctr itself, which is outside the sandbox's network; containerd inside could not. */
async function pull(image: CatalogImage, report: Report): Promise<boolean> {
    try {
        report(`pulling ${image.name}`);
        await ctr("pull", "--local", image.name);
        const partial = `${pulledArchive(image)}.partial`;
        await ctr("export", "--local", partial, image.name);
        fs.renameSync(partial, pulledArchive(image));
        return true;
    } catch {
        // A registry may answer and yet refuse (rate limit, a mirror without this image): as if there were none, and reported so.
        return false;
    }
}

function ctr(...args: string[]): Promise<string> {
    return run(program("containerd", "ctr"), [
        "--address",
        live.containerdSocket,
        "--namespace",
        "k8s.io",
        "images",
        ...args,
    ]);
}

/** Removes archives that were assembled from something else, and what an interrupted run left of them. */
function removeAssembled(): void {
    for (const entry of fs.readdirSync(cache.images).filter((name) => /^(assembled|work)-/.test(name))) {
        fs.rmSync(path.join(cache.images, entry), { recursive: true, force: true });
    }
}
