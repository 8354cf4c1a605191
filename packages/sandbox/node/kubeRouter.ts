import * as path from "node:path";
import { pki } from "../controlPlane/identities";
import type { Service } from "../services";
import { network, nodeName } from "../settings";
import { program, toolchainFiles } from "../toolchain/toolchain";

/** Enforces NetworkPolicies, by iptables and sets of addresses. */
export const kubeRouter: Service = {
    program: program("kube-router", "kube-router"),
    args: [
        `--kubeconfig=${pki.kubeconfig("kube-router")}`,
        `--hostname-override=${nodeName}`,
        `--service-cluster-ip-range=${network.serviceRange}`,
        "--enable-ipv6=false",
    ],
    env: { PATH: [toolchainFiles.iptablesBin, process.env.PATH ?? ""].join(path.delimiter) },
};
