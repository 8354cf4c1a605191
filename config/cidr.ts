/** IPv4 ranges in CIDR notation. An address is a number, so that ranges can be compared and counted. */

export interface Cidr {
    /** First address, as a number from 0 to 2^32 - 1. */
    first: number;
    /** Number of leading bits that all addresses of the range share, 0 to 32. */
    prefix: number;
}

/**
 * Parses a range such as `10.0.0.0/20`. Undefined if it is not valid; also if the address has bits set after the prefix, as
 * in `10.0.0.1/20`, which Google refuses.
 */
export function parseCidr(text: string): Cidr | undefined {
    const [, address = "", bits = ""] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? [];
    const bytes = address.split(".").map(Number);
    const prefix = Number(bits);
    if (bytes.length !== 4 || bytes.some((byte) => byte > 255) || prefix > 32) {
        return undefined;
    }
    const first = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return first % size({ prefix }) === 0 ? { first, prefix } : undefined;
}

export function formatCidr({ first, prefix }: Cidr): string {
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
    return `${bytes.join(".")}/${String(prefix)}`;
}

/** Number of addresses in a range. */
export function size({ prefix }: Pick<Cidr, "prefix">): number {
    return 2 ** (32 - prefix);
}

/** The longest prefix whose ranges have at least this many addresses. */
export function prefixFor(addresses: number): number {
    return 32 - Math.ceil(Math.log2(addresses));
}

export function overlap(one: Cidr, other: Cidr): boolean {
    return one.first < end(other) && other.first < end(one);
}

/** Whether all of `inner` is in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
    return outer.first <= inner.first && end(inner) <= end(outer);
}

/** The lowest range of this size in `space` that overlaps none of `taken`; undefined if there is no room. */
export function firstFree(space: Cidr, prefix: number, taken: readonly Cidr[]): Cidr | undefined {
    const step = size({ prefix });
    for (let first = space.first; first + step <= end(space);) {
        const candidate = { first, prefix };
        const obstacles = taken.filter((range) => overlap(range, candidate));
        if (obstacles.length === 0) {
            return candidate;
        }
        first = Math.ceil(Math.max(...obstacles.map(end)) / step) * step;
    }
    return undefined;
}

/** The address after the last one of a range. */
function end(range: Cidr): number {
    return range.first + size(range);
}
