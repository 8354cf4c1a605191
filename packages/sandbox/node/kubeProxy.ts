import * as path from "node:path";
import { stringify } from "yaml";
import { pki } from "../controlPlane/identities";
import { live } from "../paths";
import type { Service } from "../services";
import { network, nodeName } from "../settings";
import { program, toolchainFiles } from "../toolchain/toolchain";

const configFile = path.join(live.config, "kube-proxy.yaml");

const config = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clusterCIDR: network.podRange,
    clientConnection: { kubeconfig: pki.kubeconfig("kube-proxy") },
    hostnameOverride: nodeName,
    iptables: { minSyncPeriod: "0s", syncPeriod: "30s" },
    // Zero keeps the connection tracking limits, which belong to the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
};

/** Routes the addresses of Services to pods. */
export const kubeProxy: Service = {
    program: program("kubernetes", "kube-proxy"),
    args: [`--config=${configFile}`],
    env: { PATH: [toolchainFiles.iptablesBin, process.env.PATH ?? ""].join(path.delimiter) },
    files: { [configFile]: stringify(config) },
};
