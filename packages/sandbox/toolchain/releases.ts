import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { downloadFile } from "../../shared/download";
import { answers } from "../contact";
import { architecture } from "../settings";
import pins from "./releases.json";

/** A file that a project has published, for this machine's architecture. */
export interface ReleaseFile {
    url: string;
    /** SHA-256, as 64 hexadecimal digits. */
    sha256: string;
    /** Name of each program, and its path in the archive; an empty path if the file is the program itself. */
    programs: Readonly<Record<string, string>>;
}

/** A file in releases.json, where `{arch}` stands for the architecture. */
export interface Pin extends Omit<ReleaseFile, "sha256"> {
    /** SHA-256 by architecture. */
    sha256: Readonly<Record<string, string>>;
}

/** TypeScript gives each entry of the file a different type. */
const pinned: Readonly<Record<string, readonly unknown[]>> = pins;

/** Ending of a file that is not unpacked yet. */
const DOWNLOADED = ".download";

/**
 * The published files with a family's programs; empty if none is pinned for this architecture. Their SHA-256 are in
 * releases.json, and docs/architecture.md says where they come from.
 * @param all the pins; default: releases.json
 */
export function releaseOf(family: string, all: typeof pinned = pinned): ReleaseFile[] {
    const files = ((all[family] ?? []) as readonly Pin[]).map(({ url, sha256, programs }) => ({
        url: forArchitecture(url),
        sha256: sha256[architecture] ?? "",
        programs: Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, forArchitecture(file)])),
    }));
    return files.every(({ sha256 }) => sha256 !== "") ? files : [];
}

const forArchitecture = (text: string) => text.replaceAll("{arch}", architecture);

/** Where a file is downloaded: SANDBOX_RELEASES names a server that has the files under their host and path. */
function located(url: string): string {
    const mirror = process.env.SANDBOX_RELEASES;
    return mirror ? url.replace(/^https:\//, mirror.replace(/\/$/, "")) : url;
}

/** Whether the hosts of all these files answer. */
export async function isReachable(files: readonly ReleaseFile[]): Promise<boolean> {
    const found = await Promise.all(files.map(({ url }) => answers(located(url))));
    return found.length > 0 && found.every(Boolean);
}

/**
 * Downloads the files, checks their SHA-256, and puts the programs into a directory. A file with another hash is removed
 * before anything of it runs.
 * @throws Error with the reason, if any file cannot be had as it is pinned
 */
export async function download(
    files: readonly ReleaseFile[],
    directory: string,
    report: (progress: string) => void,
): Promise<void> {
    for (const file of files) {
        const name = path.basename(new URL(file.url).pathname);
        const archive = path.join(directory, `${name}${DOWNLOADED}`);
        await downloadFile(file.url, archive, {
            sha256: file.sha256,
            from: located(file.url),
            onBytes: (bytes) => {
                report(`downloading ${name}: ${Math.round(bytes / 1e6)} MB`);
            },
        });
        for (const [program, inArchive] of Object.entries(file.programs)) {
            const target = path.join(directory, program);
            if (inArchive === "") {
                fs.renameSync(archive, target);
            } else {
                await takeFrom(archive, inArchive, target);
            }
            fs.chmodSync(target, 0o755);
        }
        fs.rmSync(archive, { force: true });
    }
}

/** Takes one file out of a compressed archive. Some archives name it with a leading `./`. */
async function takeFrom(archive: string, file: string, target: string): Promise<void> {
    const directory = fs.mkdtempSync(`${target}.`);
    const entries = (await outputOf("tar", ["--list", "--gzip", "--file", archive])).split("\n");
    const entry = entries.find((entry) => entry.replace(/^\.\//, "") === file);
    if (entry === undefined) {
        throw new Error(`${path.basename(archive, DOWNLOADED)} contains no ${file}`);
    }
    await outputOf("tar", ["--extract", "--gzip", "--file", archive, "--directory", directory, entry]);
    fs.renameSync(path.join(directory, entry), target);
    fs.rmSync(directory, { recursive: true });
}
