import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { pki } from "../controlPlane/identities";
import { live } from "../paths";
import { network, nodeName } from "../settings";
import { program } from "../toolchain/toolchain";
import { podCgroup } from "./cgroups";

const configFile = path.join(live.config, "kubelet.yaml");
const resolvConf = path.join(live.config, "resolv.conf");

export const kubeletPart = {
    program: program("kubernetes", "kubelet"),
    args: [
        `--config=${configFile}`,
        `--kubeconfig=${pki.kubeconfig("kubelet")}`,
        `--hostname-override=${nodeName}`,
        `--node-ip=${network.nodeAddress}`,
        `--root-dir=${live.kubelet}`,
    ],
};

/** Writes the kubelet's settings. */
export function writeKubeletConfig(): void {
    fs.mkdirSync(live.config, { recursive: true });
    fs.writeFileSync(resolvConf, `nameserver ${network.nodeAddress}\n`);
    fs.writeFileSync(
        configFile,
        stringify({
            apiVersion: "kubelet.config.k8s.io/v1beta1",
            kind: "KubeletConfiguration",
            containerRuntimeEndpoint: `unix://${live.containerdSocket}`,
            authentication: {
                anonymous: { enabled: false },
                webhook: { enabled: true },
                x509: { clientCAFile: pki.authority },
            },
            authorization: { mode: "Webhook" },
            clusterDNS: [network.nodeAddress],
            clusterDomain: "cluster.local",
            resolvConf,
            // The sandbox does without systemd, and runs on cgroup v1 and v2 alike.
            cgroupDriver: "cgroupfs",
            cgroupRoot: `/${podCgroup}`,
            failCgroupV1: false,
            failSwapOn: false,
            enforceNodeAllocatable: [],
            volumePluginDir: path.join(live.kubelet, "volume-plugins"),
            // The machine's other users, not the node, decide how full its disk is: evict only when it is really full.
            evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
            // Images that were assembled here cannot be pulled again.
            imageGCHighThresholdPercent: 100,
            maxPods: 200,
        }),
    );
}
