/** The address of what stands in front of the ingress gateway: `host` or `host:port`, with an IPv6 address in brackets. */
import { isIPv4, isIPv6 } from "node:net";
import type { Endpoint } from "../components/istio/address";

const DEFAULT_PORT = 80;

/** Why a text is no address, as the end of a sentence about it, and an address that the user may have meant. */
export interface AddressFault {
    problem: string;
    example?: string;
}

/**
 * The address in a text; undefined if it is none.
 * @param usualPort the port of an address without one
 */
export function parseAddress(text: string, usualPort: number = DEFAULT_PORT): Endpoint | undefined {
    const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = bracketed ?? plain ?? "";
    const number = port === undefined ? usualPort : Number(port);
    const isHost = bracketed === undefined ? isHostName(host) : isIPv6(host);
    return isHost && number >= 1 && number <= 65_535 ? { host, port: number } : undefined;
}

/** What is wrong with a text; undefined if it is an address. */
export function faultOfAddress(text: string): AddressFault | undefined {
    if (parseAddress(text)) {
        return undefined;
    }
    if (text.includes("://") || /[/?#]/.test(text)) {
        const example = hostOfUrl(text);
        const what = text.includes("://") ? "it is a URL" : "it has a path";
        return {
            problem: `${what}; write only ${example === undefined ? "host or host:port" : `"${example}"`}`,
            example,
        };
    }
    if (text.includes("@")) {
        return { problem: "it names a user; write only host or host:port" };
    }
    if (isIPv6(text)) {
        return { problem: "an IPv6 address needs brackets", example: `[${text}]` };
    }
    const [, host = "", port = ""] = /^(.+):(\d+)$/.exec(text) ?? [];
    if (parseAddress(host)) {
        return { problem: `the port ${port} is not from 1 to 65535`, example: host };
    }
    return { problem: "it is neither a host name nor an IP address" };
}

/** Host and port of a URL or of a host with a path; undefined if it has none that would do. */
function hostOfUrl(text: string): string | undefined {
    const url = text.includes("://") ? text : `http://${text}`;
    if (!URL.canParse(url)) {
        return undefined;
    }
    const { protocol, hostname, port } = new URL(url);
    const implied = protocol === "https:" ? ":443" : "";
    const address = `${hostname}${port === "" ? implied : `:${port}`}`;
    return parseAddress(address) ? address : undefined;
}

/** A host name (RFC 1123) or an IPv4 address. */
export function isHostName(host: string): boolean {
    if (/^[\d.]+$/.test(host)) {
        return isIPv4(host);
    }
    return host.length <= 253 && host.split(".").every((label) => /^[a-z\d](?:[-a-z\d]{0,61}[a-z\d])?$/i.test(label));
}
