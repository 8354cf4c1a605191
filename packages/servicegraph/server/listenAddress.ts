/** Options of Node's `server.listen`. Without a host, the server listens on all IPv4 and IPv6 addresses. */
export interface ListenAddress {
    host?: string;
    port: number;
}

/**
 * Reads an address in Go's format: `:8088`, `127.0.0.1:8088`, `[::1]:8088`, `localhost:8088`.
 * @returns undefined if it is invalid
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
    const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    if (!match || port > 65535) {
        return undefined;
    }
    const host = match[1] ?? match[2];
    return host ? { host, port } : { port };
}
