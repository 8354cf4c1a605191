/** The Secret with the ingress gateway's certificate that the config names: the user's own, or one that cert-manager makes. */
import { ISTIO_NAMESPACE } from "../../../components/names";
import { certificatesIn, isKeyOf, subjectOf, whyNotNow } from "../../../config/certificates";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { gatewaySecret, hostsMissingIn, pemIn } from "../mesh/gatewayAccess";
import type { Ingress } from "../mesh/ingress";
import type { Stack } from "../stack/stack";
import { type Finding, note, refusal } from "./finding";

const KEY = "istio.gateway.tls.secret";

/**
 * Checks the Secret as istiod and clients do. A Secret that is not there yet may come later, so it is only said; one that the
 * user may not read is not checked.
 */
export async function checkGatewayCertificate(
    { ingress }: Pick<Stack, "ingress">,
    api: ClusterApi,
): Promise<Finding[]> {
    const name = ingress?.tls?.secret;
    if (name === undefined) {
        return [];
    }
    const answer = await unlessForbidden(async () => ({ secret: await api.read(gatewaySecret(name)) }));
    if (!answer) {
        return [];
    }
    const data = answer.secret?.data as Record<string, string> | undefined;
    if (!hasContent(data)) {
        return [note(...notThereYet(name, api))];
    }
    const problem = problemOf(data, ingress?.hosts ?? []);
    return problem === undefined
        ? []
        : [
              refusal(
                  `the Secret ${ISTIO_NAMESPACE}/${name}, which ${KEY} names, cannot serve: ${problem}.`,
                  "Whoever made it can put it right, as with cert-manager; or name another one, or set istio.gateway.tls.selfSigned in place of it.",
              ),
          ];
}

/**
 * What a user must know if the gateway waits for its certificate: until then its HTTPS port is closed.
 * @returns undefined if it is there, if none is needed, or if the user may not read it
 */
export async function missingCertificate(
    api: ClusterApi,
    { access: { tls }, page }: Pick<Ingress, "access" | "page">,
): Promise<string | undefined> {
    const answer =
        tls?.chain?.length === 0
            ? await unlessForbidden(async () => ({ secret: await api.read(gatewaySecret(tls.credentialName)) }))
            : undefined;
    if (!tls || !answer || hasContent(answer.secret?.data)) {
        return undefined;
    }
    const [heading, ...lines] = notThereYet(tls.credentialName, api);
    return [`${heading ?? ""} Then the page is at ${page?.url ?? "the gateway's port 443"}.`, ...lines].join("\n");
}

function notThereYet(name: string, api: ClusterApi): string[] {
    return [
        `the Secret ${ISTIO_NAMESPACE}/${name}, which ${KEY} names, is not there yet. The gateway serves HTTPS as soon as it is.`,
        "Let cert-manager make it, or make it from your files:",
        `  ${api.kubectl} --namespace ${ISTIO_NAMESPACE} create secret tls ${name} --cert=FILE --key=FILE`,
    ];
}

/** Whether a Secret has more than the empty keys that some controllers begin with. */
function hasContent(data: unknown): data is Record<string, string> {
    return Object.values((data ?? {}) as Record<string, string>).some((value) => value !== "");
}

/** What is wrong with a gateway's certificate, as the end of a sentence. No part of the key is quoted. */
function problemOf(data: Record<string, string>, hosts: readonly string[]): string | undefined {
    const key = pemIn(data, "key");
    if (key === "") {
        return "it lacks tls.crt or tls.key";
    }
    const [leaf] = certificatesIn(pemIn(data, "cert")) ?? [];
    if (!leaf) {
        return "tls.crt has no certificate that can be read";
    }
    if (!isKeyOf(leaf, key)) {
        return "tls.key is not the private key of tls.crt, or cannot be read without a passphrase";
    }
    const invalid = whyNotNow(leaf);
    if (invalid !== undefined) {
        return `the certificate of ${subjectOf(leaf)} ${invalid}`;
    }
    const missing = hostsMissingIn(leaf, hosts);
    return missing.length === 0
        ? undefined
        : `its certificate is not for ${missing.join(", ")}, but istio.gateway.hosts has that; it is for ${leaf.subjectAltName ?? "no names"}`;
}
