/** What the client library does not do by itself with a kubeconfig, and kubectl does. */
import type { KubeConfig } from "@kubernetes/client-node";
import { goProxyFor } from "../shared/proxy";

/** The user of a context that names none: the library ignores the cluster's certificate authority without a user. */
export const NOBODY = "nobody";

interface Reduced {
    clusters: { cluster: Record<string, unknown> }[];
    contexts: { context?: Record<string, unknown> | null }[];
    users: { name?: string; user: Record<string, unknown> }[];
}

/**
 * The kubeconfig of one context as the library needs it.
 * - The proxy of the environment becomes that of the cluster, unless it has one.
 * - The library reads a token's file under another name.
 * @param reduced as `reduceToContext` gives it
 */
export function libraryConfig(reduced: object, env: NodeJS.ProcessEnv = process.env): object {
    const { clusters, contexts, users } = reduced as Reduced;
    const [entry] = clusters;
    const server = String(entry?.cluster.server);
    const proxy = URL.canParse(server) ? goProxyFor(new URL(server), env) : undefined;
    const cluster = { ...(proxy && { "proxy-url": proxy.href }), ...entry?.cluster };
    return {
        ...reduced,
        clusters: [{ ...entry, cluster }],
        ...(users.length === 0
            ? {
                  users: [{ name: NOBODY, user: {} }],
                  contexts: contexts.map((each) => ({ ...each, context: { ...each.context, user: NOBODY } })),
              }
            : { users: users.map((each) => ({ ...each, user: withTokenFile(each.user) })) }),
    };
}

function withTokenFile(user: Record<string, unknown>): object {
    return typeof user.tokenFile === "string" && user.token === undefined
        ? { ...user, "token-file": user.tokenFile }
        : user;
}

/** Adds the headers for groups and other attributes of an impersonated user, which the library does not know, to its requests. */
export function impersonateFully(config: KubeConfig, reduced: object): void {
    const headers = impersonationHeaders((reduced as Reduced).users[0]?.user ?? {});
    if (Object.keys(headers).length > 0) {
        const apply = config.applyToHTTPSOptions.bind(config);
        config.applyToHTTPSOptions = async (options: { headers?: object }) => {
            await apply(options as Parameters<typeof apply>[0]);
            options.headers = { ...options.headers, ...headers };
        };
    }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
export function impersonationHeaders(user: Record<string, unknown>): Record<string, string | string[]> {
    const { "as-uid": uid, "as-groups": groups, "as-user-extra": extra } = user;
    return {
        ...(typeof uid === "string" && { "Impersonate-Uid": uid }),
        ...(Array.isArray(groups) && { "Impersonate-Group": groups.map(String) }),
        ...Object.fromEntries(
            Object.entries((extra ?? {}) as Record<string, string[]>).map(([key, values]) => [
                `Impersonate-Extra-${encodeURIComponent(key)}`,
                values.map(String),
            ]),
        ),
    };
}
