import { dirname, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { absolute, type Files } from "./files";

const listOf = <T extends z.ZodType>(entry: T) =>
    z
        .array(entry)
        .nullish()
        .transform((list) => list ?? []);

const USER = z.looseObject({ exec: z.looseObject({ command: z.string() }).nullish() });

/**
 * As much of a kubeconfig as has to be understood to cut it down; the rest is passed on as it is. Entries may be
 * incomplete, as kubectl itself leaves some: it only matters for those of the context in use.
 */
const KUBECONFIG = z.looseObject({
    clusters: listOf(
        z.looseObject({ name: z.string(), cluster: z.looseObject({ server: z.string().nullish() }).nullish() }),
    ),
    contexts: listOf(
        z.looseObject({
            name: z.string(),
            context: z.looseObject({ cluster: z.string().nullish(), user: z.string().nullish() }).nullish(),
        }),
    ),
    users: listOf(z.looseObject({ name: z.string(), user: USER.nullish() })),
});

export type Kubeconfig = z.output<typeof KUBECONFIG>;

/** A kubeconfig that cannot be used. The message is the end of a sentence about its path, and holds no credentials. */
export class KubeconfigError extends Error {
    override readonly name = "KubeconfigError";
}

/** Reads a kubeconfig. Throws a `KubeconfigError` if there is none, or if it is not one. */
export function readKubeconfig(path: string, files: Files): Kubeconfig {
    const content = readFile(absolute(path, files), files);
    let document: unknown;
    try {
        // What the parser says is not passed on, neither its warnings nor its errors: it quotes the file.
        document = parse(content, { logLevel: "error" });
    } catch {
        throw new KubeconfigError("the file is not YAML");
    }
    const parsed = KUBECONFIG.safeParse(document);
    if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const where = issue?.path.length ? `${issue.path.join(".")}: ` : "";
        throw new KubeconfigError(`the file is not a kubeconfig (${where}${issue?.message ?? "malformed"})`);
    }
    return parsed.data;
}

function readFile(path: string, files: Files): string {
    try {
        return files.read(path);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const reasons: Record<string, string> = {
            ENOENT: `there is no file ${path}`,
            ENOTDIR: `there is no file ${path}`,
            EACCES: `the file ${path} may not be read by this user`,
            EISDIR: `${path} is a directory`,
        };
        throw new KubeconfigError(reasons[code ?? ""] ?? `the file ${path} cannot be read (${code ?? String(error)})`);
    }
}

export function contextNames({ contexts }: Kubeconfig): string[] {
    return contexts.map(({ name }) => name);
}

/**
 * The kubeconfig of one context, as YAML: that context, its cluster and its user, and nothing else. So a change of other
 * contexts changes nothing for the stack, and their credentials do not get into its state.
 *
 * Paths are relative to the file's directory, as kubectl has it; they are made absolute.
 * Throws a `KubeconfigError` if the context, or what it refers to, is missing.
 */
export function reducedTo(context: unknown, kubeconfig: Kubeconfig, path: string, files: Files): string {
    const entry = kubeconfig.contexts.find(({ name }) => name === context);
    if (!entry) {
        throw new KubeconfigError(context === undefined ? "it is required" : "the kubeconfig has no such context");
    }
    const cluster = kubeconfig.clusters.find(({ name }) => name === entry.context?.cluster);
    if (!cluster?.cluster?.server) {
        const name = JSON.stringify(entry.context?.cluster ?? "");
        throw new KubeconfigError(`the kubeconfig has no server for the context's cluster ${name}`);
    }
    const user = kubeconfig.users.find(({ name }) => name === entry.context?.user);
    if (entry.context?.user && !user) {
        throw new KubeconfigError(`the kubeconfig lacks the context's user ${JSON.stringify(entry.context.user)}`);
    }
    const directory = dirname(absolute(path, files));
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": context,
        clusters: [{ ...cluster, cluster: resolved(cluster.cluster, directory, "certificate-authority") }],
        contexts: [entry],
        users: user ? [{ ...user, user: resolvedUser(user.user ?? {}, directory) }] : [],
    });
}

function resolvedUser(user: z.output<typeof USER>, directory: string): object {
    const { exec } = user;
    return {
        ...resolved(user, directory, "client-certificate", "client-key", "tokenFile"),
        // A command without a slash is looked up in PATH.
        ...(exec?.command.includes("/") && { exec: resolved(exec, directory, "command") }),
    };
}

/** An entry with the paths that are under `keys` made absolute. */
function resolved(entry: Record<string, unknown>, directory: string, ...keys: string[]): object {
    const paths = keys.flatMap((key) => {
        const path = entry[key];
        return typeof path === "string" && path !== "" ? [[key, resolve(directory, path)] as const] : [];
    });
    return { ...entry, ...Object.fromEntries(paths) };
}
