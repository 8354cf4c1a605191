import * as path from "node:path";
import { pki } from "../controlPlane/identities";
import { live } from "../paths";
import type { Service } from "../services";
import { network } from "../settings";
import { program } from "../toolchain/toolchain";

const configFile = path.join(live.config, "Corefile");

/** The DNS server. It knows only the cluster's names, because no packet leaves the machine. */
export const coreDns: Service = {
    program: program("coredns", "coredns"),
    args: ["-conf", configFile],
    files: {
        [configFile]: `.:53 {
    bind ${network.nodeAddress}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${pki.kubeconfig("coredns")}
        pods insecure
    }
    cache 5
}
`,
    },
};
