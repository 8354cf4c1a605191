import * as path from "node:path";
import { cache, live } from "../paths";
import type { Service } from "../services";
import { network } from "../settings";
import { familyDirectory, program, toolchainFiles } from "../toolchain/toolchain";

const configFile = path.join(live.config, "containerd.toml");

/** The container that holds a pod's namespaces. */
export const pauseImage = "registry.k8s.io/pause:3.10";

/** The network of the pods for CNI: a bridge, addresses from the pod range, and masquerading. */
const podNetwork = {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
        {
            type: "bridge",
            bridge: "cni0",
            isGateway: true,
            ipMasq: true,
            hairpinMode: true,
            ipam: {
                type: "host-local",
                ranges: [[{ subnet: network.podRange }]],
                routes: [{ dst: "0.0.0.0/0" }],
            },
        },
        { type: "portmap", capabilities: { portMappings: true } },
    ],
};

/** The container runtime of the node. */
export const containerd: Service = {
    program: program("containerd", "containerd"),
    args: [`--config=${configFile}`],
    // containerd looks for runc and its shim on PATH, and the CNI plugins look for iptables.
    env: {
        PATH: [
            familyDirectory("containerd"),
            familyDirectory("runc"),
            toolchainFiles.iptablesBin,
            process.env.PATH ?? "",
        ].join(path.delimiter),
    },
    files: {
        [path.join(live.cniConfig, "10-pods.conflist")]: JSON.stringify(podNetwork, undefined, 2),
        [configFile]: `version = 3
root = "${cache.containerd}"
state = "${live.containerdState}"

[grpc]
  address = "${live.containerdSocket}"

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${pauseImage}"

[plugins.'io.containerd.cri.v1.runtime']
  # If root lacks CAP_SYS_RESOURCE, a container that requests a lower oom_score_adj could not start.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${familyDirectory("cni")}", "${live.cniPlugins}"]
    conf_dir = "${live.cniConfig}"
`,
    },
};
