/** The host names of a gateway. */
import { isIP } from "node:net";
import { isHostName } from "./address";

/**
 * What is wrong with a host of a gateway, as the end of a sentence; undefined if Istio takes it: a host name with a dot, whose
 * first label can be `*`, or `*` alone (pkg/config/validation/agent of Istio 1.31). Istio also takes IP addresses, but
 * no client names one in a TLS handshake.
 */
export function faultOfHost(host: string): string | undefined {
    const name = host.replace(/^\*\./, "");
    if (host === "*") {
        return undefined;
    }
    if (isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0) {
        return "it is an IP address; a gateway without hosts serves all addresses";
    }
    if (/[:/]/.test(host)) {
        return "it has a scheme, a port or a path; write only the name";
    }
    if (name.includes("*")) {
        return "a wildcard is a whole first label, as in *.example.com";
    }
    const [last = ""] = name.split(".").slice(-1);
    if (!isHostName(name) || /^\d+$/.test(last)) {
        return "it is not a host name";
    }
    return host.includes(".") ? undefined : "it has no domain, which Istio requires";
}
