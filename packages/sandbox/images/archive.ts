import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { architecture } from "../settings";
import type { AssembledImage } from "./catalog";
import { type Layer, writeLayer } from "./layers";

/**
 * Assembles images into one archive that a container runtime can import (docker-archive: manifest.json, a configuration for
 * each image, and the layers, which images share).
 * @param directory an empty directory for the work, which is removed afterwards
 */
export async function writeArchive(
    images: readonly AssembledImage[],
    archive: string,
    directory: string,
): Promise<void> {
    const layers = new Map<Layer, { file: string; digest: string }>();
    for (const layer of new Set(images.flatMap((image) => image.layers))) {
        const files = path.join(directory, "files");
        writeLayer(layer, files);
        const file = `${layer.name}.tar`;
        await tar(path.join(directory, file), files, ["."]);
        fs.rmSync(files, { recursive: true });
        layers.set(layer, { file, digest: await digestOf(path.join(directory, file)) });
    }
    const manifest = images.map((image) => {
        const own = image.layers.map((layer) => layers.get(layer)).filter((layer) => layer !== undefined);
        const config = JSON.stringify({
            architecture,
            os: "linux",
            config: image.config,
            rootfs: { type: "layers", diff_ids: own.map((layer) => `sha256:${layer.digest}`) },
        });
        const file = `${createHash("sha256").update(config).digest("hex")}.json`;
        fs.writeFileSync(path.join(directory, file), config);
        return { Config: file, RepoTags: [image.name], Layers: own.map((layer) => layer.file) };
    });
    fs.writeFileSync(path.join(directory, "manifest.json"), JSON.stringify(manifest));
    await tar(`${archive}.partial`, directory, fs.readdirSync(directory).sort());
    fs.rmSync(directory, { recursive: true });
    fs.renameSync(`${archive}.partial`, archive);
}

/** Makes an archive. The same files give the same bytes: sorted, owned by root, without times. */
function tar(archive: string, directory: string, files: readonly string[]): Promise<string> {
    const reproducible = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
    return outputOf("tar", ["--create", "--file", archive, "--directory", directory, ...reproducible, ...files]);
}

async function digestOf(file: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of fs.createReadStream(file)) {
        hash.update(chunk as Buffer);
    }
    return hash.digest("hex");
}
