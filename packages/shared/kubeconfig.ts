import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";

const listOf = <T extends z.ZodType>(entry: T) =>
    z
        .array(entry)
        .nullish()
        .transform((list) => list ?? []);

const USER = z.looseObject({ exec: z.looseObject({ command: z.string() }).nullish() });

/**
 * The fields of a kubeconfig that are read here; all others are passed on unchanged. Entries may be incomplete, because
 * kubectl leaves such entries too: this matters only for the context in use.
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

/** A kubeconfig that cannot be used. The message is the end of a sentence about its path. It contains no credentials. */
export class KubeconfigError extends Error {
    override readonly name = "KubeconfigError";
}

/**
 * Reads a kubeconfig file. An empty file has no contexts, as for kubectl.
 * @param read gives the content of a text file, and throws what `node:fs` throws
 * @throws KubeconfigError if the file cannot be read, or is not a kubeconfig
 */
export function readKubeconfig(path: string, read = (file: string) => readFileSync(file, "utf8")): Kubeconfig {
    let content: string;
    try {
        content = read(path);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const reasons: Record<string, string> = {
            ENOENT: `there is no file ${path}`,
            ENOTDIR: `there is no file ${path}`,
            EACCES: `this user is not allowed to read the file ${path}`,
            EISDIR: `${path} is a directory`,
        };
        throw new KubeconfigError(reasons[code ?? ""] ?? `the file ${path} cannot be read (${code ?? String(error)})`);
    }
    return parseKubeconfig(content);
}

/** What was parsed last. A command parses the same text several times, and each time takes some milliseconds. */
let latest: { content: string; kubeconfig: Kubeconfig } | undefined;

/** Parses the content of a kubeconfig. Callers share the result and must not change it. @throws KubeconfigError if it is not one */
export function parseKubeconfig(content: string): Kubeconfig {
    if (latest?.content !== content) {
        latest = { content, kubeconfig: parsed(content) };
    }
    return latest.kubeconfig;
}

function parsed(content: string): Kubeconfig {
    let document: unknown;
    try {
        // The parser's warnings and errors are not passed on: they quote the file, which contains credentials.
        document = parse(content, { logLevel: "error" }) ?? {};
    } catch {
        throw new KubeconfigError("the file is not YAML");
    }
    const { success, error, data } = KUBECONFIG.safeParse(document);
    if (!success) {
        const [issue] = error.issues;
        const where = issue?.path.length ? `${issue.path.join(".")}: ` : "";
        throw new KubeconfigError(`the file is not a kubeconfig (${where}${issue?.message ?? "malformed"})`);
    }
    return data;
}

/** The entries of a context, its cluster and its user. A missing one is undefined. */
export function findContext({ contexts, clusters, users }: Kubeconfig, context: unknown) {
    const entry = contexts.find(({ name }) => name === context);
    return {
        entry,
        cluster: clusters.find(({ name }) => name === entry?.context?.cluster),
        user: users.find(({ name }) => name === entry?.context?.user),
    };
}

/**
 * The kubeconfig of one context: only that context, its cluster and its user. Changes of other contexts then change nothing
 * for a stack, and their credentials do not get into its state.
 * @param directory the file's directory: relative paths start there, as for kubectl; they are made absolute
 * @throws KubeconfigError if the context, or what it refers to, is missing
 */
export function reduceToContext(kubeconfig: Kubeconfig, context: unknown, directory: string): object {
    const { entry, cluster, user } = findContext(kubeconfig, context);
    if (!entry) {
        throw new KubeconfigError(context === undefined ? "it is required" : "the kubeconfig has no such context");
    }
    if (!cluster?.cluster?.server) {
        const name = JSON.stringify(entry.context?.cluster ?? "");
        throw new KubeconfigError(`the kubeconfig has no server for the context's cluster ${name}`);
    }
    if (entry.context?.user && !user) {
        throw new KubeconfigError(`the kubeconfig lacks the context's user ${JSON.stringify(entry.context.user)}`);
    }
    return {
        apiVersion: "v1",
        kind: "Config",
        "current-context": context,
        clusters: [{ ...cluster, cluster: resolved(cluster.cluster, directory, "certificate-authority") }],
        contexts: [entry],
        users: user ? [{ ...user, user: resolvedUser(user.user ?? {}, directory) }] : [],
    };
}

function resolvedUser(user: z.output<typeof USER>, directory: string): object {
    const { exec } = user;
    return {
        ...resolved(user, directory, "client-certificate", "client-key", "tokenFile"),
        // A command without a slash is searched in PATH.
        ...(exec?.command.includes("/") && { exec: resolved(exec, directory, "command") }),
    };
}

/** An entry whose paths under `keys` are made absolute. */
function resolved(entry: Record<string, unknown>, directory: string, ...keys: string[]): object {
    const paths = keys.flatMap((key) => {
        const path = entry[key];
        return typeof path === "string" && path !== "" ? [[key, resolve(directory, path)] as const] : [];
    });
    return { ...entry, ...Object.fromEntries(paths) };
}
