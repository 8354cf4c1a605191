/** What the pool must know about a Service of type LoadBalancer. */
export interface Claim {
    /** Namespace and name. */
    key: string;
    /** The address that its status shows, if any. */
    held?: string;
    /** The address that it requests in `spec.loadBalancerIP`, if any. */
    wanted?: string;
}

/**
 * Decides which address each Service gets: the one that it holds, or the one that it requests, or the first free one. A
 * Service keeps the address that it holds, even if others request it. The result has no address for a Service if none is
 * left, or if the requested one is taken or outside the pool. A cloud's load balancer that cannot be made behaves the same.
 *
 * @param claims the Services in the order of their creation
 * @returns address by {@link Claim.key}
 */
export function assignAddresses(pool: readonly string[], claims: readonly Claim[]): Map<string, string> {
    const assigned = new Map<string, string>();
    const isFree = (address: string) => ![...assigned.values()].includes(address);
    const assign = ({ key }: Claim, address: string | undefined) => {
        if (address && pool.includes(address) && isFree(address)) {
            assigned.set(key, address);
        }
    };
    for (const claim of claims.filter(({ held, wanted }) => held !== undefined && (!wanted || wanted === held))) {
        assign(claim, claim.held);
    }
    const others = claims.filter(({ key }) => !assigned.has(key));
    for (const claim of others.filter(({ wanted }) => wanted)) {
        assign(claim, claim.wanted);
    }
    for (const claim of others.filter(({ wanted }) => !wanted)) {
        assign(claim, pool.find(isFree));
    }
    return assigned;
}
