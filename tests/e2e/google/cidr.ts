/** A range of IPv4 addresses as numbers, both ends included. */
export interface Range {
    first: number;
    last: number;
}

/** The range of a CIDR block such as `10.0.0.0/20`; undefined if it is invalid or has bits set after its prefix. */
export function rangeOf(block: string): Range | undefined {
    const [, address = "", prefix = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(block) ?? [];
    const bytes = address.split(".").map(Number);
    const size = 2 ** (32 - Number(prefix));
    if (bytes.length !== 4 || bytes.some((byte) => byte > 255) || Number(prefix) > 32) {
        return undefined;
    }
    const first = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return first % size === 0 ? { first, last: first + size - 1 } : undefined;
}

export function overlap(one: Range, other: Range): boolean {
    return one.first <= other.last && other.first <= one.last;
}

/** Whether `outer` contains all addresses of `inner`. */
export function contains(outer: Range, inner: Range): boolean {
    return outer.first <= inner.first && inner.last <= outer.last;
}
