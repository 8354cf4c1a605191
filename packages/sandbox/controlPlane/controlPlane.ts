import { live } from "../paths";
import { network } from "../settings";
import { program } from "../toolchain/toolchain";
import { pki } from "./identities";
import { admissionConfig, admissionFile } from "./podSecurity";

const etcdUrl = "http://127.0.0.1:2379";

/** The services of a Kubernetes control plane. */
export const controlPlane = {
    etcd: {
        program: program("etcd", "etcd"),
        args: [
            `--data-dir=${live.etcd}`,
            `--listen-client-urls=${etcdUrl}`,
            `--advertise-client-urls=${etcdUrl}`,
            "--listen-peer-urls=http://127.0.0.1:2380",
            // The data may be lost in a crash. Without waiting for the disk the API server is several times faster.
            "--unsafe-no-fsync",
            "--logger=zap",
        ],
    },
    "kube-apiserver": {
        program: program("kubernetes", "kube-apiserver"),
        args: [
            `--etcd-servers=${etcdUrl}`,
            // Pods connect to this address, so it must not be loopback.
            `--advertise-address=${network.nodeAddress}`,
            "--secure-port=6443",
            `--client-ca-file=${pki.authority.certificate}`,
            `--tls-cert-file=${pki.apiServer.certificate}`,
            `--tls-private-key-file=${pki.apiServer.key}`,
            "--service-account-issuer=https://kubernetes.default.svc",
            `--service-account-key-file=${pki.serviceAccountPublicKey}`,
            `--service-account-signing-key-file=${pki.serviceAccountKey}`,
            `--service-cluster-ip-range=${network.serviceRange}`,
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            `--admission-control-config-file=${admissionFile}`,
            "--allow-privileged",
            `--kubelet-client-certificate=${pki.kubeletClient.certificate}`,
            `--kubelet-client-key=${pki.kubeletClient.key}`,
            "--kubelet-preferred-address-types=InternalIP",
        ],
        // A fifth less CPU time: Go collects garbage less often, until it uses this memory. By default, it uses 0.6 GB.
        env: { GOGC: "400", GOMEMLIMIT: "1GiB" },
        files: { [admissionFile]: admissionConfig },
    },
    "kube-controller-manager": {
        program: program("kubernetes", "kube-controller-manager"),
        args: [
            `--kubeconfig=${pki.kubeconfig("kube-controller-manager")}`,
            `--service-account-private-key-file=${pki.serviceAccountKey}`,
            `--root-ca-file=${pki.authority.certificate}`,
            `--cluster-signing-cert-file=${pki.authority.certificate}`,
            `--cluster-signing-key-file=${pki.authority.key}`,
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
