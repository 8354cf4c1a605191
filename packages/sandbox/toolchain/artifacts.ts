import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { messageOf } from "../../shared/errors";
import { filesBelow } from "../../shared/filesBelow";
import { statOf } from "../../shared/processId";
import { readJson } from "../ownership";
import { cache } from "../paths";
import { download, isReachable, type ReleaseFile } from "./releases";

/** Shows the progress of a build, in one short line. */
export type Report = (progress: string) => void;

/** What a build needs on the machine. */
export type BuildTool = "go" | "c" | "apt" | "pip" | "npm";

/** Something that is built once, into a directory of the cache. A hash of its sources is in the directory's name. */
export interface Artifact {
    /** Short and unique: the beginning of the directory's name. */
    name: string;
    /** What a person reads during the build. */
    title: string;
    /** Everything that the result depends on. Any change means another build. */
    builtFrom: readonly string[];
    /** What the build needs on the machine. A download needs none of it. */
    tools: readonly BuildTool[];
    /** Whether the build fills Go's caches with the sources and packages of other modules. Default: false. */
    fillsCaches?: boolean;
    /** The published files with the same programs; default: none. They are taken instead of a build if their hosts answer. */
    release?: readonly ReleaseFile[];
    /**
     * Builds into an empty directory.
     * @param finished where the directory will be once it is complete, for results that contain their own path
     */
    build: (directory: string, report: Report, finished: string) => Promise<void>;
}

/** How an artifact came about. */
export interface Provenance {
    origin: "built" | "released";
    /** Wall-clock time, in seconds. */
    seconds: number;
    /** CPU time of all its processes, user and system, in seconds. */
    cpuSeconds: number;
}

const provenanceFile = (directory: string) => path.join(directory, "provenance.json");

/** The hash of each artifact's sources. They are large, and every command asks for many directories. */
const keys = new WeakMap<readonly string[], string>();

/** Where an artifact is, or will be after its build. */
export function artifactDirectory({ name, builtFrom }: Pick<Artifact, "name" | "builtFrom">): string {
    const key =
        keys.get(builtFrom) ?? createHash("sha256").update(JSON.stringify(builtFrom)).digest("hex").slice(0, 12);
    keys.set(builtFrom, key);
    return path.join(cache.artifacts, `${name}-${key}`);
}

/** Whether an artifact is already built or downloaded. */
export function isBuilt(artifact: Artifact): boolean {
    return fs.existsSync(artifactDirectory(artifact));
}

/** How an artifact came about; undefined if it does not exist. */
export function provenanceOf(artifact: Artifact): Provenance | undefined {
    return readJson(provenanceFile(artifactDirectory(artifact))) as Provenance | undefined;
}

/** Whether an artifact will be downloaded. */
export async function isDownloadable({ release = [] }: Artifact): Promise<boolean> {
    return isReachable(release);
}

/**
 * Builds or downloads an artifact unless it exists, and removes the builds of the same artifact from other sources. The
 * directory appears only when it is complete, so an interrupted build starts again. Go's own build cache makes that short.
 */
export async function buildArtifact(artifact: Artifact, report: Report): Promise<void> {
    const finished = artifactDirectory(artifact);
    if (isBuilt(artifact)) {
        return;
    }
    fs.mkdirSync(cache.artifacts, { recursive: true });
    const partial = `${finished}.partial`;
    fs.rmSync(partial, { recursive: true, force: true });
    fs.mkdirSync(partial);
    const began = { time: Date.now(), cpu: cpuOfChildren() };
    const origin = (await takeRelease(artifact, partial, report)) ? "released" : "built";
    if (origin === "built") {
        await artifact.build(partial, report, finished);
    }
    const provenance: Provenance = {
        origin,
        seconds: (Date.now() - began.time) / 1000,
        cpuSeconds: cpuOfChildren() - began.cpu,
    };
    fs.writeFileSync(provenanceFile(partial), JSON.stringify(provenance));
    for (const entry of fs.readdirSync(cache.artifacts)) {
        if (isOlderBuild(entry, artifact.name)) {
            fs.rmSync(path.join(cache.artifacts, entry), { recursive: true, force: true });
        }
    }
    fs.renameSync(partial, finished);
}

/** @returns whether the directory now has the published programs; otherwise it is empty */
async function takeRelease({ title, release = [] }: Artifact, directory: string, report: Report): Promise<boolean> {
    if (!(await isReachable(release))) {
        return false;
    }
    try {
        await download(release, directory, report);
        return true;
    } catch (error) {
        console.error(`The release of ${title} cannot be used: ${messageOf(error)}. It is built instead.`);
        fs.rmSync(directory, { recursive: true });
        fs.mkdirSync(directory);
        return false;
    }
}

/** CPU time of all ended children of this process, and of theirs, in seconds. */
function cpuOfChildren(): number {
    return statOf(process.pid)?.cpuOfEnded ?? 0;
}

/** Whether a directory of the cache is a finished build of this artifact: its name, a dash and the key. */
export function isOlderBuild(entry: string, name: string): boolean {
    return entry.startsWith(`${name}-`) && /^[0-9a-f]{12}$/.test(entry.slice(name.length + 1));
}

/** Name and text of each file in a directory, sorted by name, for {@link Artifact.builtFrom}. */
export function sourcesIn(directory: string): string[] {
    return filesBelow(directory)
        .sort()
        .map((file) => `${path.relative(directory, file)}\n${fs.readFileSync(file, "utf8")}`);
}
