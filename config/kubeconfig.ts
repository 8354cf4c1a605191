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
 * The fields of a kubeconfig that are needed to reduce it; all others are kept as they are. Entries may be incomplete, as
 * kubectl itself leaves some: it matters only for those of the context in use.
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

/** A kubeconfig that cannot be used. The message is the end of a sentence about its path, and has no credentials. */
export class KubeconfigError extends Error {
    override readonly name = "KubeconfigError";
}

/** @throws KubeconfigError if the file does not exist or is not a kubeconfig. */
export function readKubeconfig(path: string, files: Files): Kubeconfig {
    const content = readFile(absolute(path, files), files);
    let document: unknown;
    try {
        // The parser's warnings and errors quote the file, so they are not shown.
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
            EACCES: `this user has no permission to read the file ${path}`,
            EISDIR: `${path} is a directory`,
        };
        throw new KubeconfigError(reasons[code ?? ""] ?? `the file ${path} cannot be read (${code ?? String(error)})`);
    }
}

export function contextNames({ contexts }: Kubeconfig): string[] {
    return contexts.map(({ name }) => name);
}

/**
 * A kubeconfig with only one context, its cluster and its user, as YAML. So a change of another context changes nothing
 * for the stack, and the stack's state gets no other credentials. Relative paths are made absolute: as with kubectl, they
 * start at the file's directory.
 *
 * @throws KubeconfigError if the context, its cluster or its user is missing.
 */
export function reduceTo(context: unknown, kubeconfig: Kubeconfig, path: string, files: Files): string {
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
        clusters: [{ ...cluster, cluster: withAbsolutePaths(cluster.cluster, directory, "certificate-authority") }],
        contexts: [entry],
        users: user ? [{ ...user, user: userWithAbsolutePaths(user.user ?? {}, directory) }] : [],
    });
}

function userWithAbsolutePaths(user: z.output<typeof USER>, directory: string): object {
    const { exec } = user;
    return {
        ...withAbsolutePaths(user, directory, "client-certificate", "client-key", "tokenFile"),
        // A command without a slash is searched for in PATH.
        ...(exec?.command.includes("/") && { exec: withAbsolutePaths(exec, directory, "command") }),
    };
}

/** An entry in which the paths under `keys` are absolute. */
function withAbsolutePaths(entry: Record<string, unknown>, directory: string, ...keys: string[]): object {
    const paths = keys.flatMap((key) => {
        const path = entry[key];
        return typeof path === "string" && path !== "" ? [[key, resolve(directory, path)] as const] : [];
    });
    return { ...entry, ...Object.fromEntries(paths) };
}
