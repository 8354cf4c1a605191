import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { displayName } from "../../kubernetes/object";
import { UserError } from "../../shared/errors";
import type { Step } from "./step";
import { toYaml } from "../../shared/yaml";

/** Beside the manifests, so that `kubectl apply -f` and GitOps tools, which read the folder itself, do not take it. */
const INDEX_FOLDER = "helm";
const INDEX_FILE = path.join(INDEX_FOLDER, "steps.json");

/** By this a folder is known as one that may be replaced. */
const AUTHOR = "bookinfo-mesh render";

/** A file of the folder, by its path in it. */
export interface RenderedFile {
    path: string;
    content: string;
}

/** What is rendered besides the steps themselves. */
export interface Rendering {
    stack: string;
    steps: Step[];
    /** Manifests of the releases by name of their step; none where there was no helm. */
    templates: ReadonlyMap<string, string>;
}

/** Path of a release's values in the folder. */
export function valuesPath(releaseName: string): string {
    return path.join(INDEX_FOLDER, `${releaseName}.values.yaml`);
}

/** Every file of a rendering: a manifest for each step, the values of the releases, and an index of the steps. */
export function renderedFiles({ stack, steps, templates }: Rendering): RenderedFile[] {
    const manifests = steps.flatMap((step): RenderedFile[] => {
        if (step.type !== "release") {
            return [{ path: manifestPath(step), content: secretNotice(step) + toYaml(step.object) }];
        }
        const template = templates.get(step.name);
        return [
            { path: valuesPath(step.release.name), content: toYaml(step.release.values) },
            ...(template === undefined ? [] : [{ path: manifestPath(step), content: template }]),
        ];
    });
    const index = { writtenBy: AUTHOR, stack, steps: steps.map((step) => indexEntry(step, templates)) };
    return [...manifests, { path: INDEX_FILE, content: `${JSON.stringify(index, undefined, 2)}\n` }];
}

/** Says in a Secret's manifest what has to be added to it by hand. */
function secretNotice(step: Step): string {
    const keys = Object.keys((step.type === "object" && step.secret?.data) || {});
    return keys.length === 0 ? "" : `# Secrets are not written to files. Missing here: data.${keys.join(", data.")}\n`;
}

/** A step in the index: what it is, in which files, and after which steps it comes. */
function indexEntry(step: Step, templates: ReadonlyMap<string, string>): object {
    const { name, type, needs } = step;
    if (step.type !== "release") {
        return { name, type, object: displayName(step.object), manifest: manifestPath(step), needs };
    }
    const release = { ...step.release, values: valuesPath(step.release.name) };
    return { name, type, release, manifest: templates.has(name) ? manifestPath(step) : undefined, needs };
}

function manifestPath(step: Step): string {
    return `${step.name}.yaml`;
}

/**
 * Writes the files as the whole content of a folder: it has either its old content or all of the new one.
 * @throws UserError where the folder holds something else than an earlier rendering
 */
export function replaceFolder(folder: string, files: readonly RenderedFile[]): void {
    refuseForeign(folder);
    const parent = path.dirname(path.resolve(folder));
    mkdirSync(parent, { recursive: true });
    // In the same parent folder: a rename works only within a file system.
    const fresh = path.join(parent, `.${path.basename(folder)}-${process.pid}`);
    try {
        for (const file of files) {
            const target = path.join(fresh, file.path);
            mkdirSync(path.dirname(target), { recursive: true });
            writeFileSync(target, file.content);
        }
        const old = `${fresh}.old`;
        if (existsSync(folder)) {
            renameSync(folder, old);
        }
        try {
            renameSync(fresh, folder);
        } catch (error) {
            if (existsSync(old)) {
                renameSync(old, folder);
            }
            throw error;
        }
        rmSync(old, { recursive: true, force: true });
    } catch (error) {
        rmSync(fresh, { recursive: true, force: true });
        throw error;
    }
}

/** @throws UserError where a folder exists, and holds anything that was not rendered here */
export function refuseForeign(folder: string): void {
    if (!existsSync(folder)) {
        return;
    }
    let entries: string[];
    try {
        entries = readdirSync(folder);
    } catch {
        throw new UserError(`${folder} is not a folder`);
    }
    const rendered = renderedPaths(folder);
    if (entries.length > 0 && rendered === undefined) {
        throw new UserError(`${folder} holds files that were not rendered; name another folder, or empty it`);
    }
    const others = [
        ...entries.filter((entry) => entry !== INDEX_FOLDER),
        ...(rendered
            ? readdirSync(path.join(folder, INDEX_FOLDER)).map((entry) => path.join(INDEX_FOLDER, entry))
            : []),
    ].filter((entry) => !rendered?.has(entry));
    if (others.length > 0) {
        throw new UserError(
            `${folder} holds what was not rendered, and would be lost: ${others.join(", ")}; move that, or name another ` +
                "folder, such as one inside of this",
        );
    }
}

/** The files of an earlier rendering, by their paths in the folder; undefined where it holds none. */
function renderedPaths(folder: string): Set<string> | undefined {
    try {
        const index = JSON.parse(readFileSync(path.join(folder, INDEX_FILE), "utf8")) as {
            writtenBy?: unknown;
            steps: { manifest?: string; release?: { values: string } }[];
        };
        const paths = index.steps.flatMap(({ manifest, release }) => [manifest, release?.values]);
        return index.writtenBy === AUTHOR
            ? new Set([INDEX_FILE, ...paths.filter((file) => file !== undefined)])
            : undefined;
    } catch {
        return undefined;
    }
}
