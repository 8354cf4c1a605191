import { isIP, isIPv6 } from "node:net";
import { kubectlCommand, type KubectlTarget, shellWord } from "../../packages/shared/shell";
import { type Endpoint, urlAt, urlOf } from "../istio/address";
import { certificateNames, credentialNameOf, type GatewayNames } from "../istio/gatewayNames";
import type { TlsSettings } from "../istio/gatewayTls";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH } from "../names";

/** Where the command keeps the gateway's certificate. */
const CERTIFICATE_FILE = "bookinfo-gateway.crt";

/**
 * The command that gets the page by its host name, even if no DNS knows that name yet. If the program makes the certificate,
 * the command first reads it from the cluster, and curl trusts no other one.
 */
export function curlCommand(
    cluster: KubectlTarget,
    endpoint: Endpoint,
    { tls, ...names }: GatewayNames & { tls?: TlsSettings },
): string {
    const selfSigned = tls && tls.secret === undefined;
    const [name = ""] = certificateNames(names);
    const url =
        selfSigned && !names.hosts?.some((host) => host !== "*")
            ? urlOf(name, PRODUCTPAGE_PATH, endpoint.port, true)
            : urlAt(endpoint, PRODUCTPAGE_PATH, { hosts: names.hosts, https: tls !== undefined });
    const curl = [
        ...["curl", ...(selfSigned ? ["--cacert", CERTIFICATE_FILE] : [])],
        // The clients' CA is the user's, and so are the files.
        ...(tls?.mode === "mutual" ? ["--cert", "CLIENT.crt", "--key", "CLIENT.key"] : []),
        ...destination(url, endpoint),
        shellWord(url),
    ].join(" ");
    if (!selfSigned) {
        return curl;
    }
    const secret = `--namespace ${ISTIO_NAMESPACE} get secret ${credentialNameOf(tls, names)}`;
    const template = `--output 'go-template={{index .data "tls.crt" | base64decode}}'`;
    return `${kubectlCommand(cluster)} ${secret} ${template} > ${CERTIFICATE_FILE} && ${curl}`;
}

/** Options that lead curl to the gateway, whatever DNS says. */
function destination(url: string, { host, port }: Endpoint): string[] {
    const { hostname } = new URL(url);
    const place = isIPv6(host) ? `[${host}]` : host;
    if (hostname === place) {
        return [];
    }
    return isIP(host) === 0
        ? ["--connect-to", `${hostname}:${port}:${place}:${port}`]
        : ["--resolve", `${hostname}:${port}:${place}`];
}
