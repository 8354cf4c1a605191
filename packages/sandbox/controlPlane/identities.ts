import * as fs from "node:fs";
import * as path from "node:path";
import { sudoUser } from "../../shared/sudoUser";
import { live } from "../paths";
import { network, nodeName } from "../settings";
import { createAuthority, createServiceAccountKeys, type KeyedCertificate } from "./certificates";
import { kubeconfig } from "./kubeconfig";
import { sandboxUsers } from "./roles";

/**
 * The clients of the API server. Names that begin with `system:` have default roles (Kubernetes docs, RBAC default roles);
 * the sandbox's own names have the roles of roles.ts.
 */
const clients = {
    admin: { user: "admin", groups: ["system:masters"] },
    "kube-controller-manager": { user: "system:kube-controller-manager", groups: [] },
    "kube-scheduler": { user: "system:kube-scheduler", groups: [] },
    "kube-proxy": { user: "system:kube-proxy", groups: [] },
    coredns: { user: sandboxUsers.coredns, groups: [] },
    "kube-router": { user: sandboxUsers["kube-router"], groups: [] },
    "load-balancer": { user: sandboxUsers["load-balancer"], groups: [] },
    kubelet: { user: `system:node:${nodeName}`, groups: ["system:nodes"] },
} as const;

const certificateFiles = (name: string): KeyedCertificate => ({
    certificate: path.join(live.pki, `${name}.crt`),
    key: path.join(live.pki, `${name}.key`),
});

/** Paths of the keys, certificates and kubeconfigs that {@link writeIdentities} writes. */
export const pki = {
    authority: certificateFiles("ca"),
    serviceAccountKey: path.join(live.pki, "service-account.key"),
    serviceAccountPublicKey: path.join(live.pki, "service-account.pub"),
    apiServer: certificateFiles("kube-apiserver"),
    /** What the API server shows to the kubelet, for logs, exec and port-forward. */
    kubeletClient: certificateFiles("kubelet-client"),
    kubeconfig: (client: keyof typeof clients) =>
        client === "admin" ? live.kubeconfig : path.join(live.pki, `${client}.kubeconfig`),
} as const;

/** Makes the certificate authority, every certificate and every kubeconfig of a new sandbox. */
export async function writeIdentities(): Promise<void> {
    fs.mkdirSync(live.pki, { recursive: true, mode: 0o700 });
    const authority = await createAuthority();
    writeCertificate(pki.authority, authority);
    const serviceAccount = createServiceAccountKeys();
    writeSecret(pki.serviceAccountKey, serviceAccount.privateKey);
    fs.writeFileSync(pki.serviceAccountPublicKey, serviceAccount.publicKey);

    const service = "kubernetes.default.svc.cluster.local".split(".");
    const names = [...service.map((_, i) => service.slice(0, i + 1).join(".")), "localhost"];
    const addresses = [network.nodeAddress, network.kubernetesService, "127.0.0.1"];
    writeCertificate(pki.apiServer, await authority.server(names, addresses));
    writeCertificate(pki.kubeletClient, await authority.client("kube-apiserver", ["system:masters"]));
    for (const [client, { user, groups }] of Object.entries(clients)) {
        const content = kubeconfig(authority.certificate, user, await authority.client(user, groups));
        writeSecret(pki.kubeconfig(client as keyof typeof clients), content);
    }
    // The commands run the engine as the user who has called sudo.
    const user = sudoUser();
    if (user) {
        fs.chownSync(live.kubeconfig, user.uid, user.gid);
    }
}

function writeCertificate(files: KeyedCertificate, { certificate, key }: KeyedCertificate): void {
    fs.writeFileSync(files.certificate, certificate);
    writeSecret(files.key, key);
}

/** Writes a file that only root can read. */
function writeSecret(file: string, text: string): void {
    fs.writeFileSync(file, text, { mode: 0o600 });
}
