import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { cache } from "../paths";

/** Tells how far a build is, in one short line. */
export type Report = (progress: string) => void;

/** Something that is built once, into a directory of the cache that is named by what it was built from. */
export interface Artifact {
    /** Short name, unique: the beginning of the directory's name. */
    name: string;
    /** What a person reads while it is built. */
    title: string;
    /** Everything that the result depends on; another value means another build. */
    builtFrom: readonly string[];
    /**
     * Fills the empty directory `directory`.
     *
     * @param finished where `directory` will be once it is complete, for results that hold their own path.
     */
    build: (directory: string, report: Report, finished: string) => Promise<void>;
}

/** Where an artifact is, or will be once it is built. */
export function artifactDirectory(artifact: Pick<Artifact, "name" | "builtFrom">): string {
    const key = createHash("sha256").update(JSON.stringify(artifact.builtFrom)).digest("hex").slice(0, 12);
    return path.join(cache.artifacts, `${artifact.name}-${key}`);
}

/** Whether an artifact need not be built any more. */
export function isBuilt(artifact: Artifact): boolean {
    return fs.existsSync(artifactDirectory(artifact));
}

/**
 * Builds an artifact unless it is there, and answers its directory. The directory appears complete or not at all, so an interrupted build is
 * begun again (Go's own build cache makes that short). Directories of the same artifact that were built from something else are removed.
 */
export async function buildArtifact(artifact: Artifact, report: Report): Promise<string> {
    const finished = artifactDirectory(artifact);
    if (isBuilt(artifact)) {
        return finished;
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
    return finished;
}

/** Whether a directory of the cache is a finished build of the artifact `name`: its name, a dash and the key. */
export function isOlderBuild(entry: string, name: string): boolean {
    return entry.startsWith(`${name}-`) && /^[0-9a-f]{12}$/.test(entry.slice(name.length + 1));
}

/** The files of a directory as text, sorted by name, so that a change in any of them changes a {@link Artifact.builtFrom}. */
export function sourcesIn(directory: string): string[] {
    return fs
        .readdirSync(directory, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
        .map((file) => `${path.relative(directory, file)}\n${fs.readFileSync(file, "utf8")}`);
}
