import { UserError, messageOf } from "../shared/errors";
import { kubectlOn } from "./address";
import type { ClusterAddress } from "./address";
import type { ClusterApi } from "./api";
import { ApiError } from "./apiError";
import { credentialsAdvice } from "./credentials";

/**
 * Gets the identity of a cluster (`ClusterApi.identity`) as the first request, which shows all problems of the connection.
 * @throws UserError with the cause and a remedy
 * @throws ApiError of status 403 unchanged, because missing permissions have another remedy
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
        `When \`${readyz}\` says ok, run this again.`
    );
}
