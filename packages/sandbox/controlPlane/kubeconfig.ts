import { stringify } from "yaml";
import { apiServerUrl, contextName } from "../settings";
import type { KeyedCertificate } from "./certificates";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A kubeconfig (YAML) for one user of the sandbox. It contains the certificates. */
export function kubeconfig(authority: string, user: string, pair: KeyedCertificate): string {
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
            { name: contextName, cluster: { server: apiServerUrl, "certificate-authority-data": base64(authority) } },
        ],
        users: [
            {
                name: user,
                user: { "client-certificate-data": base64(pair.certificate), "client-key-data": base64(pair.key) },
            },
        ],
        contexts: [{ name: contextName, context: { cluster: contextName, user } }],
        "current-context": contextName,
    });
}
