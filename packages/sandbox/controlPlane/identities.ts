import * as fs from "node:fs";
import * as path from "node:path";
import { live } from "../paths";
import { network, nodeName } from "../settings";
import { createAuthority, createServiceAccountKeys, writeKeyedCertificate } from "./certificates";
import { kubeconfig } from "./kubeconfig";
import { sandboxUsers } from "./roles";

/**
 * Who is who. Kubernetes' default roles are bound to the names that begin with `system:` (Kubernetes docs, RBAC default roles); the
 * sandbox's own have the roles of roles.ts.
 */
const clients = {
    admin: { user: "admin", groups: ["system:masters"] },
    "kube-controller-manager": { user: "system:kube-controller-manager", groups: [] },
    "kube-scheduler": { user: "system:kube-scheduler", groups: [] },
    "kube-proxy": { user: "system:kube-proxy", groups: [] },
    coredns: { user: sandboxUsers.coredns, groups: [] },
    "load-balancer": { user: sandboxUsers["load-balancer"], groups: [] },
    kubelet: { user: `system:node:${nodeName}`, groups: ["system:nodes"] },
} as const;

/** Files that prove who is who in the sandbox; written by {@link writeIdentities}. */
export const pki = {
    authority: path.join(live.pki, "ca.crt"),
    authorityKey: path.join(live.pki, "ca.key"),
    serviceAccountKey: path.join(live.pki, "service-account.key"),
    serviceAccountPublicKey: path.join(live.pki, "service-account.pub"),
    apiServer: {
        certificate: path.join(live.pki, "kube-apiserver.crt"),
        key: path.join(live.pki, "kube-apiserver.key"),
    },
    /** What the API server shows to the kubelet, for logs, exec and port-forward. */
    kubeletClient: {
        certificate: path.join(live.pki, "kubelet-client.crt"),
        key: path.join(live.pki, "kubelet-client.key"),
    },
    kubeconfig: (client: keyof typeof clients) =>
        client === "admin" ? live.kubeconfig : path.join(live.pki, `${client}.kubeconfig`),
} as const;

/** Makes the certificate authority, every certificate and every kubeconfig of a new sandbox. */
export async function writeIdentities(): Promise<void> {
    fs.mkdirSync(live.pki, { recursive: true, mode: 0o700 });
    const authority = await createAuthority();
    fs.writeFileSync(pki.authority, authority.certificate);
    fs.writeFileSync(pki.authorityKey, authority.key, { mode: 0o600 });
    const serviceAccount = createServiceAccountKeys();
    fs.writeFileSync(pki.serviceAccountKey, serviceAccount.privateKey, { mode: 0o600 });
    fs.writeFileSync(pki.serviceAccountPublicKey, serviceAccount.publicKey);

    const service = "kubernetes.default.svc.cluster.local".split(".");
    const serviceNames = service.map((_, i) => service.slice(0, i + 1).join("."));
    const addresses = [network.nodeAddress, network.kubernetesService, "127.0.0.1"];
    writeKeyedCertificate(
        live.pki,
        "kube-apiserver",
        await authority.server([...serviceNames, "localhost"], addresses),
    );
    writeKeyedCertificate(live.pki, "kubelet-client", await authority.client("kube-apiserver", ["system:masters"]));
    for (const [client, { user, groups }] of Object.entries(clients)) {
        const content = kubeconfig(authority.certificate, user, await authority.client(user, groups));
        fs.writeFileSync(pki.kubeconfig(client as keyof typeof clients), content, { mode: 0o600 });
    }
}
