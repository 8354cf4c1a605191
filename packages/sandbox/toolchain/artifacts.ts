import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { cache } from "../paths";

/** Shows the progress of a build, in one short line. */
export type Report = (progress: string) => void;

/** Something that is built once, into a directory of the cache. A hash of its sources is in the directory's name. */
export interface Artifact {
    /** Short and unique: the beginning of the directory's name. */
    name: string;
    /** What a person reads during the build. */
    title: string;
    /** Everything that the result depends on. Any change means another build. */
    builtFrom: readonly string[];
    /**
     * Builds into an empty directory.
     * @param finished where the directory will be once it is complete, for results that contain their own path
     */
    build: (directory: string, report: Report, finished: string) => Promise<void>;
}

/** Where an artifact is, or will be after its build. */
export function artifactDirectory(artifact: Pick<Artifact, "name" | "builtFrom">): string {
    const key = createHash("sha256").update(JSON.stringify(artifact.builtFrom)).digest("hex").slice(0, 12);
    return path.join(cache.artifacts, `${artifact.name}-${key}`);
}

/** Whether an artifact is already built. */
export function isBuilt(artifact: Artifact): boolean {
    return fs.existsSync(artifactDirectory(artifact));
}

/**
 * Builds an artifact unless it exists, and removes the builds of the same artifact from other sources. The directory appears
 * only when it is complete, so an interrupted build starts again. Go's own build cache makes that short.
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
    await artifact.build(partial, report, finished);
    for (const entry of fs.readdirSync(cache.artifacts)) {
        if (isOlderBuild(entry, artifact.name)) {
            fs.rmSync(path.join(cache.artifacts, entry), { recursive: true, force: true });
        }
    }
    fs.renameSync(partial, finished);
}

/** Whether a directory of the cache is a finished build of this artifact: its name, a dash and the key. */
export function isOlderBuild(entry: string, name: string): boolean {
    return entry.startsWith(`${name}-`) && /^[0-9a-f]{12}$/.test(entry.slice(name.length + 1));
}

/** Name and text of each file in a directory, sorted by name, for {@link Artifact.builtFrom}. */
export function sourcesIn(directory: string): string[] {
    return fs
        .readdirSync(directory, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
        .map((file) => `${path.relative(directory, file)}\n${fs.readFileSync(file, "utf8")}`);
}
