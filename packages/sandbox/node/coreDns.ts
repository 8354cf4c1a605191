import * as fs from "node:fs";
import * as path from "node:path";
import { pki } from "../controlPlane/identities";
import { live } from "../paths";
import { network } from "../settings";
import { program } from "../toolchain/toolchain";

const configFile = path.join(live.config, "Corefile");

export const coreDnsPart = {
    program: program("coredns", "coredns"),
    args: ["-conf", configFile],
};

/** Writes CoreDNS's settings: the cluster's names and no others, as nothing leaves the machine. */
export function writeCoreDnsConfig(): void {
    fs.mkdirSync(live.config, { recursive: true });
    fs.writeFileSync(
        configFile,
        `.:53 {
    bind ${network.nodeAddress}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${pki.kubeconfig("coredns")}
        pods insecure
    }
    cache 5
}
`,
    );
}
