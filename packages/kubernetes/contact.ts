import { UserError, messageOf } from "../shared/errors";
import { kubectlOn } from "./address";
import type { ClusterAddress } from "./address";
import type { ClusterApi } from "./api";
import { ApiError } from "./apiError";
import { credentialsAdvice } from "./credentials";

/**
 * The identity of a cluster (`ClusterApi.identity`), asked as the first question: whatever is wrong with the way to it
 * shows here.
 * @throws UserError with the cause and a remedy, after `CONTACT_TIMEOUT` at the latest where there is no answer; an ApiError
 * of status 403 as it is, for what is forbidden is another matter
 */
export async function contact(address: ClusterAddress, api: ClusterApi): Promise<string> {
    try {
        return await api.identity();
    } catch (error) {
        if (!(error instanceof ApiError) || error.status === 403) {
            throw error;
        }
        throw new UserError(explanation(error, address, api));
    }
}

function explanation(error: ApiError, address: ClusterAddress, api: ClusterApi): string {
    const { context, kubeconfig } = address;
    const where = `the cluster of context "${context}" (${api.server})`;
    const readyz = `${kubectlOn(address)} get --raw /readyz`;
    if (error.status === 401) {
        return `${where} refuses the credentials of ${kubeconfig}.\n${credentialsAdvice(api.user)}`;
    }
    if (error.status !== 0) {
        return (
            `${where} does not work: ${error.message}\n` +
            `Once \`${readyz}\` says ok, run this again; whoever runs the cluster can tell more.`
        );
    }
    const why = messageOf(error.cause);
    if (isDistrust(error.cause)) {
        return (
            `${where} shows a certificate that the kubeconfig does not trust: ${why}\n` +
            `The cluster was made anew, or another one answers at its address. Get its kubeconfig anew (${kubeconfig}).`
        );
    }
    return (
        `${where} does not answer: ${why}\n` +
        "Is it running, and does this machine reach it (network, VPN, firewall)? Is the address its present one? " +
        `Once \`${readyz}\` says ok, run this again.`
    );
}

/** Whether a connection failed for the server's certificate: by the codes of Node's TLS. */
function isDistrust(cause: unknown): boolean {
    const code = (cause as { code?: unknown } | undefined)?.code;
    return typeof code === "string" && /CERT|SIGNATURE/.test(code);
}
