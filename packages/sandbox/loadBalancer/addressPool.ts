/** What the pool must know of a Service of type LoadBalancer. */
export interface Claim {
    /** Namespace and name. */
    key: string;
    /** The address that its status shows, if any. */
    held?: string;
    /** The address that it asks for in `spec.loadBalancerIP`, if any. */
    wanted?: string;
}

/**
 * Decides which address each Service gets: the one it holds, else the one it asks for, else the first free one. Services that hold an
 * address keep it whatever the others ask for. A Service for which none is left, or that asks for one that is taken or not in the pool,
 * is not in the answer, as with a cloud's load balancer that cannot be made.
 *
 * @param claims the Services in the order in which they were made
 * @returns address by {@link Claim.key}
 */
export function assignAddresses(pool: readonly string[], claims: readonly Claim[]): Map<string, string> {
    const assigned = new Map<string, string>();
    const taken = new Set<string>();
    const assign = (claim: Claim, address: string | undefined) => {
        if (address && pool.includes(address) && !taken.has(address)) {
            assigned.set(claim.key, address);
            taken.add(address);
        }
    };
    const holds = (claim: Claim) => claim.held !== undefined && (!claim.wanted || claim.wanted === claim.held);
    claims.filter(holds).forEach((claim) => {
        assign(claim, claim.held);
    });
    const others = claims.filter((claim) => !assigned.has(claim.key));
    others
        .filter((claim) => claim.wanted)
        .forEach((claim) => {
            assign(claim, claim.wanted);
        });
    others
        .filter((claim) => !claim.wanted)
        .forEach((claim) => {
            assign(
                claim,
                pool.find((address) => !taken.has(address)),
            );
        });
    return assigned;
}
