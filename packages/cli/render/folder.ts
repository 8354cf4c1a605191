import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { displayName } from "../../kubernetes/object";
import { UserError } from "../../shared/errors";
import { parseJson } from "../../shared/json";
import { toYaml } from "../../shared/yaml";
import type { Step } from "./step";

/** A subfolder, so that `kubectl apply -f` and GitOps tools, which read the folder itself, ignore it. */
const INDEX_FOLDER = "helm";
const INDEX_FILE = path.join(INDEX_FOLDER, "steps.json");

/** Marks a folder that may be replaced. */
const AUTHOR = "bookinfo-mesh render";

export interface RenderedFile {
    /** Path inside the folder. */
    path: string;
    content: string;
}

export interface Rendering {
    stack: string;
    steps: Step[];
    /** Manifests of the releases, by name of the step; empty without helm. */
    templates: ReadonlyMap<string, string>;
}

export function valuesPath(releaseName: string): string {
    return path.join(INDEX_FOLDER, `${releaseName}.values.yaml`);
}

/** The files of a rendering: a manifest for each step, the values of the releases, and an index of the steps. */
export function renderedFiles({ stack, steps, templates }: Rendering): RenderedFile[] {
    const manifests = steps.flatMap((step): RenderedFile[] => {
        if (step.type === "wait") {
            return [];
        }
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

/** Says in a Secret's manifest what a person must add to it. */
function secretNotice(step: Step): string {
    const keys = Object.keys((step.type === "object" && step.secret?.data) || {});
    return keys.length === 0 ? "" : `# Secrets are not written to files. Missing here: data.${keys.join(", data.")}\n`;
}

function indexEntry(step: Step, templates: ReadonlyMap<string, string>): object {
    const { name, type, needs } = step;
    if (step.type === "wait") {
        return { name, type, seconds: step.seconds, needs };
    }
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
 * Replaces the content of a folder with the files. After an interruption it has either the old content or all of the new.
 * @throws UserError if the folder has anything else than an earlier rendering
 */
export function replaceFolder(folder: string, files: readonly RenderedFile[]): void {
    refuseForeign(folder);
    // In the same parent folder, because a rename works only within a file system.
    const fresh = path.join(path.dirname(path.resolve(folder)), `.${path.basename(folder)}-${process.pid}`);
    const old = `${fresh}.old`;
    try {
        for (const file of files) {
            const target = path.join(fresh, file.path);
            mkdirSync(path.dirname(target), { recursive: true });
            writeFileSync(target, file.content);
        }
        if (existsSync(folder)) {
            renameSync(folder, old);
        }
        renameSync(fresh, folder);
    } catch (error) {
        if (existsSync(old)) {
            renameSync(old, folder);
        }
        rmSync(fresh, { recursive: true, force: true });
        throw error;
    }
    rmSync(old, { recursive: true, force: true });
}

/** @throws UserError if the folder exists and has anything that was not rendered */
export function refuseForeign(folder: string): void {
    if (!existsSync(folder)) {
        return;
    }
    if (!statSync(folder).isDirectory()) {
        throw new UserError(`${folder} is not a folder`);
    }
    const entries = readdirSync(folder);
    const rendered = renderedPaths(folder);
    if (entries.length > 0 && rendered === undefined) {
        throw new UserError(`${folder} has files that were not rendered; name another folder, or empty it`);
    }
    const others = entries
        .flatMap((entry) =>
            entry === INDEX_FOLDER
                ? readdirSync(path.join(folder, INDEX_FOLDER)).map((inner) => path.join(INDEX_FOLDER, inner))
                : [entry],
        )
        .filter((entry) => !rendered?.has(entry));
    if (others.length > 0) {
        throw new UserError(
            `${folder} has files that were not rendered, which would be lost: ${others.join(", ")}; move them, or name ` +
                "another folder, such as one inside this one",
        );
    }
}

/** The paths of an earlier rendering's files inside the folder; undefined without such a rendering. */
function renderedPaths(folder: string): Set<string> | undefined {
    const file = path.join(folder, INDEX_FILE);
    const index = (existsSync(file) ? parseJson(readFileSync(file, "utf8")) : undefined) as
        { writtenBy?: unknown; steps: { manifest?: string; release?: { values: string } }[] } | null | undefined;
    if (index?.writtenBy !== AUTHOR) {
        return undefined;
    }
    const paths = index.steps.flatMap(({ manifest, release }) => [manifest, release?.values]);
    return new Set([INDEX_FILE, ...paths.filter((each) => each !== undefined)]);
}
