import { live } from "../paths";
import { network } from "../settings";
import { program } from "../toolchain/toolchain";
import { pki } from "./identities";

const etcdUrl = "http://127.0.0.1:2379";

/** The parts that make a Kubernetes control plane: a program and its flags each. */
export const controlPlaneParts = {
    etcd: {
        program: program("etcd", "etcd"),
        args: [
            `--data-dir=${live.etcd}`,
            `--listen-client-urls=${etcdUrl}`,
            `--advertise-client-urls=${etcdUrl}`,
            "--listen-peer-urls=http://127.0.0.1:2380",
            // A sandbox's data need not outlive the machine: not waiting for the disk makes the API server several times faster.
            "--unsafe-no-fsync",
            "--logger=zap",
        ],
    },
    "kube-apiserver": {
        program: program("kubernetes", "kube-apiserver"),
        args: [
            `--etcd-servers=${etcdUrl}`,
            // Pods reach the API server at the advertised address, so it must not be loopback.
            `--advertise-address=${network.nodeAddress}`,
            "--secure-port=6443",
            `--client-ca-file=${pki.authority}`,
            `--tls-cert-file=${pki.apiServer.certificate}`,
            `--tls-private-key-file=${pki.apiServer.key}`,
            "--service-account-issuer=https://kubernetes.default.svc",
            `--service-account-key-file=${pki.serviceAccountPublicKey}`,
            `--service-account-signing-key-file=${pki.serviceAccountKey}`,
            `--service-cluster-ip-range=${network.serviceRange}`,
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            `--kubelet-client-certificate=${pki.kubeletClient.certificate}`,
            `--kubelet-client-key=${pki.kubeletClient.key}`,
            "--kubelet-preferred-address-types=InternalIP",
        ],
    },
    "kube-controller-manager": {
        program: program("kubernetes", "kube-controller-manager"),
        args: [
            `--kubeconfig=${pki.kubeconfig("kube-controller-manager")}`,
            `--service-account-private-key-file=${pki.serviceAccountKey}`,
            `--root-ca-file=${pki.authority}`,
            `--cluster-signing-cert-file=${pki.authority}`,
            `--cluster-signing-key-file=${pki.authorityKey}`,
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
        ],
    },
    "kube-scheduler": {
        program: program("kubernetes", "kube-scheduler"),
        args: [`--kubeconfig=${pki.kubeconfig("kube-scheduler")}`, "--leader-elect=false", "--bind-address=127.0.0.1"],
    },
} as const;
