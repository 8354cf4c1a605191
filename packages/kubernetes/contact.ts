import type { User } from "@kubernetes/client-node";
import { messageOf } from "../shared/errors";
import type { ClusterAddress } from "./address";
import type { ApiError } from "./apiError";
import { credentialsAdvice } from "./credentials";

/** How a cluster is reached. */
interface Access {
    address: ClusterAddress;
    /** URL of the API server. */
    server: string;
    /** The credentials of the context. */
    user: User | undefined;
    /** The start of a kubectl command for the cluster. */
    kubectl: string;
    /** The proxy through which it is asked; undefined if there is none. */
    proxy?: string;
}

/** Why the first request to a cluster failed, with a remedy. The text does not quote the credentials. */
export function contactFailure(error: ApiError, { address, server, user, kubectl, proxy }: Access): string {
    const { context, kubeconfig } = address;
    const where = `the cluster of context "${context}" (${server})`;
    const readyz = `${kubectl} get --raw /readyz`;
    if (error.status === 401) {
        return `${where} refuses the credentials of ${kubeconfig}.\n${credentialsAdvice(user)}`;
    }
    if (error.status !== 0) {
        return (
            `${where} does not work: ${error.message}\n` +
            `When \`${readyz}\` says ok, run this again. The administrator of the cluster may know more.`
        );
    }
    const why = messageOf(error.cause);
    const { code } = (error.cause ?? {}) as { code?: unknown };
    if (typeof code === "string" && /CERT|SIGNATURE/.test(code)) {
        return (
            `${where} shows a certificate that the kubeconfig does not trust: ${why}\n` +
            `The cluster was created again, or another one answers at its address. Get its new kubeconfig (${kubeconfig}).`
        );
    }
    return (
        `${where} does not answer: ${why}\n` +
        "Is it running, and does this machine reach it (network, VPN, firewall)? Is its address still right? " +
        `${proxyAdvice(proxy, new URL(server).hostname)} When \`${readyz}\` says ok, run this again.`
    );
}

/** What the environment says about a proxy. kubectl goes by the same variables. */
function proxyAdvice(proxy: string | undefined, host: string): string {
    return proxy === undefined
        ? "It was asked directly: a proxy needs HTTPS_PROXY, or proxy-url in the kubeconfig, and no entry in NO_PROXY."
        : `It was asked through the proxy ${proxy} (HTTPS_PROXY, or proxy-url in the kubeconfig). If that does not lead to it, ` +
              `add it to the exceptions (NO_PROXY=${host}).`;
}
