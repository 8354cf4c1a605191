/** Where to listen, in the terms of Node's `server.listen`. Without a host: on every address, IPv4 and IPv6. */
export interface ListenAddress {
    host?: string;
    port: number;
}

/**
 * Reads an address as Go writes it: `:8088`, `127.0.0.1:8088`, `[::1]:8088`, `localhost:8088`.
 * @returns undefined where it is none
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
