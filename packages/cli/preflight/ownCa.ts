import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { ISTIO_NAMESPACE } from "../../../components/names";
import { certificatesIn } from "../../../config/certificates";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";

/** The Secret from which istiod takes a CA of the user's own. */
export const CA_SECRET = "cacerts";

/** Its keys in Istio's own form, and in that of Kubernetes' TLS Secrets, which cert-manager writes (pilot/pkg/bootstrap). */
const FORMS = {
    istio: { certificate: "ca-cert.pem", key: "ca-key.pem", chain: "cert-chain.pem", root: "root-cert.pem" },
    tls: { certificate: "tls.crt", key: "tls.key", chain: "tls.crt", root: "ca.crt" },
};

/** istiod marks a Secret with a CA that it has generated itself. */
const GENERATED = "istio-generated";

/**
 * Checks the user's own CA as istiod does. With one that it cannot read, istiod does not start, or signs with a CA of its own.
 * @returns the problem and the remedy; undefined without such a Secret, or if it is right
 */
export async function unreadableCa(api: ClusterApi): Promise<string | undefined> {
    const metadata = { name: CA_SECRET, namespace: ISTIO_NAMESPACE };
    const secret = await unlessForbidden(() => api.read({ apiVersion: "v1", kind: "Secret", metadata }));
    const data = (secret?.data ?? {}) as Record<string, string>;
    const problem = secret && !(GENERATED in data) ? problemOf(data) : undefined;
    return (
        problem &&
        [
            `the Secret ${ISTIO_NAMESPACE}/${CA_SECRET}, which is to hold the CA of the mesh, cannot be used: ${problem}.`,
            `It needs ${Object.values(FORMS.istio).join(", ")}, as in https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/.`,
            "Whoever made it can put it right. Without it, istiod makes a CA of its own.",
        ].join("\n")
    );
}

/** What is wrong with a CA, as the end of a sentence. No part of the key is quoted. */
function problemOf(data: Record<string, string>, now = Date.now()): string | undefined {
    const form = FORMS.tls.certificate in data ? FORMS.tls : FORMS.istio;
    const missing = [...new Set(Object.values(form))].filter((name) => !data[name]);
    if (missing.length > 0) {
        return `it lacks ${missing.join(", ")}`;
    }
    const pem = (name: string) => Buffer.from(data[name] ?? "", "base64").toString();
    const [certificate, root, chain] = [form.certificate, form.root, form.chain].map(
        (name) => certificatesIn(pem(name)) ?? [],
    );
    const unreadable = [form.certificate, form.root].find((_, index) => [certificate, root][index]?.length === 0);
    const [signing] = certificate ?? [];
    if (signing === undefined || unreadable !== undefined) {
        return `${unreadable ?? form.certificate} has no certificate that can be read`;
    }
    const key = keyIn(pem(form.key));
    if (key === undefined) {
        return `${form.key} has no private key that can be read without a passphrase`;
    }
    if (!signing.checkPrivateKey(key)) {
        return `${form.key} is not the key of ${form.certificate}`;
    }
    if (!signing.ca) {
        return `${form.certificate} is not the certificate of a CA (CA:TRUE)`;
    }
    const expired = [signing, ...(root ?? [])].find(({ validTo }) => Date.parse(validTo) < now);
    if (expired) {
        return `the certificate of ${expired.subject.replaceAll("\n", ", ")} has expired at ${expired.validTo}`;
    }
    return isIssuedBy(signing, root ?? [], chain ?? [])
        ? undefined
        : `${form.certificate} does not lead to ${form.root} through ${form.chain}`;
}

function keyIn(pem: string): KeyObject | undefined {
    try {
        return createPrivateKey(pem);
    } catch {
        // The message may quote the key.
        return undefined;
    }
}

/** Whether a certificate is one of the roots, or is issued by one, directly or through the intermediate ones. */
function isIssuedBy(
    certificate: X509Certificate,
    roots: readonly X509Certificate[],
    intermediate: readonly X509Certificate[],
): boolean {
    const isSame = (other: X509Certificate) => other.fingerprint256 === certificate.fingerprint256;
    const signed = (by: X509Certificate) => certificate.checkIssued(by) && certificate.verify(by.publicKey);
    return (
        roots.some((root) => isSame(root) || signed(root)) ||
        intermediate.some((issuer, index) => {
            const others = intermediate.filter((_, other) => other !== index);
            return !isSame(issuer) && signed(issuer) && isIssuedBy(issuer, roots, others);
        })
    );
}
