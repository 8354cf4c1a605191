import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { pki } from "../controlPlane/identities";
import { live } from "../paths";
import { network, nodeName } from "../settings";
import { program, toolchainFiles } from "../toolchain/toolchain";

const configFile = path.join(live.config, "kube-proxy.yaml");

export const kubeProxyPart = {
    program: program("kubernetes", "kube-proxy"),
    args: [`--config=${configFile}`],
    env: { PATH: [toolchainFiles.iptablesBin, process.env.PATH ?? ""].join(path.delimiter) },
};

/** Writes kube-proxy's settings. */
export function writeKubeProxyConfig(): void {
    fs.mkdirSync(live.config, { recursive: true });
    fs.writeFileSync(
        configFile,
        stringify({
            apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
            kind: "KubeProxyConfiguration",
            mode: "iptables",
            clusterCIDR: network.podRange,
            clientConnection: { kubeconfig: pki.kubeconfig("kube-proxy") },
            hostnameOverride: nodeName,
            iptables: { minSyncPeriod: "0s", syncPeriod: "30s" },
            // Zero leaves the connection tracking limits alone: they belong to the whole machine.
            conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
        }),
    );
}
