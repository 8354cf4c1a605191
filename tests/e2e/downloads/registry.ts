import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Login, serve } from "./releaseHost";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** An entry of manifest.json in an archive of images (docker-archive). */
interface ArchivedImage {
    Config: string;
    RepoTags: string[];
    Layers: string[];
}

/**
 * A registry of the distribution protocol on loopback, with the images of archives under their names.
 * @param folder for its files
 * @param login that it wants. Default: none
 */
export async function startRegistry(archives: readonly string[], folder: string, login?: Login) {
    const blobs = path.join(folder, "blobs");
    fs.mkdirSync(blobs, { recursive: true });
    const manifests = new Map<string, string>();
    const added = new Map<string, { digest: string; size: number }>();
    for (const [index, archive] of archives.entries()) {
        const content = path.join(folder, String(index));
        fs.mkdirSync(content);
        execFileSync("tar", ["--extract", "--file", archive, "--directory", content]);
        const images = JSON.parse(fs.readFileSync(path.join(content, "manifest.json"), "utf8")) as ArchivedImage[];
        for (const image of images) {
            const manifest = {
                schemaVersion: 2,
                mediaType: MANIFEST,
                config: addBlob(path.join(content, image.Config), "application/vnd.docker.container.image.v1+json"),
                layers: image.Layers.map((layer) =>
                    addBlob(path.join(content, layer), "application/vnd.docker.image.rootfs.diff.tar"),
                ),
            };
            const file = path.join(content, `${image.Config}.manifest`);
            fs.writeFileSync(file, JSON.stringify(manifest));
            const { digest } = addBlob(file, MANIFEST);
            for (const tag of image.RepoTags) {
                // docker.io/istio/pilot:1.31.0 is the manifest 1.31.0 of istio/pilot.
                const [, repository = "", version = ""] = /^[^/]+\/(.+):([^:]+)$/.exec(tag) ?? [];
                for (const reference of [version, digest]) {
                    manifests.set(`/v2/${repository}/manifests/${reference}`, digest);
                }
            }
        }
    }

    function addBlob(file: string, mediaType: string) {
        // Images share layers, which are large.
        let blob = added.get(file);
        if (blob === undefined) {
            const content = fs.readFileSync(file);
            blob = {
                digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
                size: content.length,
            };
            added.set(file, blob);
        }
        const place = path.join(blobs, blob.digest);
        if (!fs.existsSync(place)) {
            fs.linkSync(file, place);
        }
        return { mediaType, ...blob };
    }

    const greeting = path.join(folder, "greeting");
    fs.writeFileSync(greeting, "{}");
    return serve((url) => {
        const { pathname } = new URL(url, "http://registry");
        if (pathname === "/v2/") {
            return { file: greeting };
        }
        const manifest = manifests.get(pathname);
        if (manifest !== undefined) {
            return { file: path.join(blobs, manifest), type: MANIFEST };
        }
        const [, digest] = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(pathname) ?? [];
        const file = path.join(blobs, digest ?? "none");
        return fs.existsSync(file) ? { file } : undefined;
    }, login);
}
