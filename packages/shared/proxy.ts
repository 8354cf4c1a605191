/** The proxy that the environment names for a URL. */
import { BlockList, isIP, isIPv6 } from "node:net";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that kubectl uses for a URL, by the rules of Go (golang.org/x/net/http/httpproxy): HTTPS_PROXY, HTTP_PROXY and
 * NO_PROXY, in upper or lower case. This machine itself is never asked through a proxy.
 * @returns undefined if it is asked directly
 */
export function goProxyFor(url: URL, env: Environment = process.env): URL | undefined {
    const names = url.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
    return through(valueOf(env, names), url, valueOf(env, ["NO_PROXY", "no_proxy"]));
}

/**
 * The proxy that curl uses for a URL (https://curl.se/docs/manpage.html, "Environment"): for http only the lower case counts;
 * ALL_PROXY is for both. Unlike with curl, this machine itself is never asked through a proxy: a forwarded port ends here.
 * @returns undefined if it is asked directly
 */
export function curlProxyFor(url: URL, env: Environment = process.env): URL | undefined {
    const own = url.protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"];
    const exceptions = valueOf(env, ["no_proxy", "NO_PROXY"]);
    // For curl, `.example.com` is also `example.com`.
    const entries = exceptions.split(",").map((entry) => entry.trim().replace(/^\./, ""));
    return through(valueOf(env, [...own, "all_proxy", "ALL_PROXY"]), url, entries.join());
}

/** A proxy as it may be shown: without its user and password. */
export function shownProxy(proxy: URL): string {
    return `${proxy.protocol}//${proxy.host}`;
}

function valueOf(env: Environment, names: readonly string[]): string {
    return names.map((name) => env[name]).find((value) => value !== undefined && value !== "") ?? "";
}

function through(proxy: string, url: URL, exceptions: string): URL | undefined {
    if (proxy === "" || isException(url, exceptions)) {
        return undefined;
    }
    const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
    return URL.canParse(address) ? new URL(address) : undefined;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function isException({ hostname, port, protocol }: URL, exceptions: string): boolean {
    const host = bare(hostname.toLowerCase());
    if (host === "localhost" || (isIP(host) !== 0 && LOOPBACK.check(host, familyOf(host)))) {
        return true;
    }
    const number = port === "" ? (protocol === "https:" ? "443" : "80") : port;
    return exceptions
        .split(",")
        .map((entry) => entry.trim().toLowerCase())
        .some((entry) => entry !== "" && matches(entry, host, number));
}

/** Whether an entry of NO_PROXY means a host: `*`, a range, an address or a domain; the last two with or without a port. */
function matches(entry: string, host: string, port: string): boolean {
    if (entry === "*") {
        return true;
    }
    const [, base = "", bits = ""] = /^([^/]+)\/(\d+)$/.exec(entry) ?? [];
    if (isIP(base) !== 0) {
        return isIP(host) !== 0 && isWithin(host, base, Number(bits));
    }
    const [, name = entry, ofPort] = isIPv6(entry) ? [] : (/^(.*):(\d+)$/.exec(entry) ?? []);
    if (ofPort !== undefined && ofPort !== port) {
        return false;
    }
    const pattern = bare(name).replace(/^\*(?=\.)/, "");
    if (isIP(pattern) !== 0) {
        return isIP(host) !== 0 && isWithin(host, pattern, isIPv6(pattern) ? 128 : 32);
    }
    return pattern.startsWith(".") ? host.endsWith(pattern) : host === pattern || host.endsWith(`.${pattern}`);
}

function isWithin(address: string, base: string, bits: number): boolean {
    if (bits > (isIPv6(base) ? 128 : 32)) {
        return false;
    }
    const range = new BlockList();
    range.addSubnet(base, bits, familyOf(base));
    return range.check(address, familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
    return isIPv6(address) ? "ipv6" : "ipv4";
}

/** A host without the brackets of an IPv6 address. */
function bare(host: string): string {
    return host.replace(/^\[(.*)\]$/, "$1");
}
