import * as path from "node:path";
import { stringify } from "yaml";
import { pki } from "../controlPlane/identities";
import { live } from "../paths";
import type { Service } from "../services";
import { network, nodeName } from "../settings";
import { program } from "../toolchain/toolchain";
import { podCgroup } from "./cgroups";

const configFile = path.join(live.config, "kubelet.yaml");
const resolvConf = path.join(live.config, "resolv.conf");

const config = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${live.containerdSocket}`,
    authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: pki.authority.certificate },
    },
    authorization: { mode: "Webhook" },
    clusterDNS: [network.nodeAddress],
    clusterDomain: "cluster.local",
    resolvConf,
    // The sandbox needs no systemd, and supports cgroup v1 and v2.
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${podCgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    volumePluginDir: path.join(live.kubelet, "volume-plugins"),
    // The disk belongs to the machine's other users too, so pods are evicted only when it is really full.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    // An image that was assembled here cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    maxPods: 200,
    // containerd's profile of system calls, for every container that does not ask for another one.
    seccompDefault: true,
};

/** Runs the pods of the node. */
export const kubelet: Service = {
    program: program("kubernetes", "kubelet"),
    args: [
        `--config=${configFile}`,
        `--kubeconfig=${pki.kubeconfig("kubelet")}`,
        `--hostname-override=${nodeName}`,
        `--node-ip=${network.nodeAddress}`,
        `--root-dir=${live.kubelet}`,
    ],
    files: { [configFile]: stringify(config), [resolvConf]: `nameserver ${network.nodeAddress}\n` },
};
