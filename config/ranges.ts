/**
 * The plan of a cluster's IP ranges: what is set stays, everything else gets a place beside it. What each range has to hold
 * is said in https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing.
 */
import type { Ranges } from "../components/gke/network";
import { type Cidr, contains, firstFree, formatCidr, overlap, parseCidr, prefixFor, size } from "./cidr";

export type RangeName = keyof Ranges;

/** Why a range cannot be used. The message is the end of a sentence about the range. */
export class RangePlanError extends Error {
    override readonly name = "RangePlanError";

    constructor(
        readonly range: RangeName,
        message: string,
    ) {
        super(message);
    }
}

/** Where nothing is set the first three are placed in 10.0.0.0/8, and the control plane apart from them. */
const SPACES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(known);
const CONTROL_PLANE_SPACES = ["172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"].map(known);

/** What may be set: private addresses (RFC 1918), and those for carriers (RFC 6598), which GKE takes as well. */
const PRIVATE = [...SPACES, known("100.64.0.0/10")];

/** Prefixes of what is placed: room to grow, so that another number of nodes moves no range. */
const USUAL = { nodes: 20, pods: 14, services: 20, controlPlane: 28 };

/** Addresses of a subnet that Google keeps for itself. */
const RESERVED = 4;
/** Addresses for the pods of a node that runs at most 110, the default: a /24. */
const PODS_PER_NODE = 256;
/** Fewest addresses of a subnet's primary range that Google takes: a /29. */
const FEWEST_NODES = 8;
/** Fewest and most addresses for Services: a /27, which those of this program fit in, and the /16 that is GKE's limit. */
const SERVICES = { fewest: 32, most: 65_536 };

/** The ranges in the order in which they are checked and placed. */
const ORDER: RangeName[] = ["nodes", "pods", "services", "controlPlane"];

/**
 * A complete plan for a cluster of at most `nodes` nodes, surge upgrades included.
 *
 * @param set The ranges that are decided already.
 * @throws RangePlanError where a range is malformed, public, too small or too large, or overlaps another, or has no room.
 */
export function planRanges(set: Partial<Ranges>, nodes: number): Ranges {
    const plan = new Map<RangeName, Cidr>();
    for (const name of ORDER) {
        const text = set[name];
        if (text !== undefined) {
            plan.set(name, checked(name, text, nodes, plan));
        }
    }
    for (const name of ORDER) {
        if (!plan.has(name)) {
            plan.set(name, placed(name, nodes, [...plan.values()]));
        }
    }
    return Object.fromEntries([...plan].map(([name, range]) => [name, formatCidr(range)])) as unknown as Ranges;
}

/**
 * The nodes that a cluster has at most: those that its pool may grow to in each zone, and the one that an upgrade adds there.
 * GKE spreads a regional cluster over three zones.
 */
export function mostNodes(maxPerZone: number, regional: boolean): number {
    return (maxPerZone + 1) * (regional ? 3 : 1);
}

function checked(name: RangeName, text: string, nodes: number, others: ReadonlyMap<RangeName, Cidr>): Cidr {
    const range = parseCidr(text);
    if (!range) {
        throw new RangePlanError(name, "it is not an IPv4 range in CIDR notation");
    }
    if (!PRIVATE.some((space) => contains(space, range))) {
        throw new RangePlanError(name, `it is not within ${PRIVATE.map(formatCidr).join(", ")}`);
    }
    const { fewest, most, because } = limits(name, nodes);
    if (size(range) < fewest) {
        throw new RangePlanError(name, `it is too small: ${because} need a /${String(prefixFor(fewest))}`);
    }
    if (size(range) > most) {
        throw new RangePlanError(name, `it is too large: GKE takes a /${String(prefixFor(most))} at most`);
    }
    for (const [other, taken] of others) {
        if (overlap(range, taken)) {
            throw new RangePlanError(name, `it overlaps ${formatCidr(taken)}, the range of ${WORDS[other]}`);
        }
    }
    return range;
}

function placed(name: RangeName, nodes: number, taken: Cidr[]): Cidr {
    const prefix = Math.min(USUAL[name], prefixFor(limits(name, nodes).fewest));
    const spaces = name === "controlPlane" ? CONTROL_PLANE_SPACES : SPACES;
    for (const space of spaces) {
        const range = firstFree(space, prefix, taken);
        if (range) {
            return range;
        }
    }
    throw new RangePlanError(name, `there is no room for a /${String(prefix)} beside the other ranges`);
}

const WORDS: Record<RangeName, string> = {
    nodes: "the nodes",
    pods: "the pods",
    services: "the Services",
    controlPlane: "the control plane",
};

/** Fewest and most addresses of a range, and what the fewest are for. */
function limits(name: RangeName, nodes: number): { fewest: number; most: number; because: string } {
    switch (name) {
        case "nodes":
            return {
                fewest: Math.max(FEWEST_NODES, nodes + RESERVED),
                most: Infinity,
                because: `${String(nodes)} nodes, with one for upgrades in each zone,`,
            };
        case "pods":
            return {
                fewest: nodes * PODS_PER_NODE,
                most: Infinity,
                because: `the pods of ${String(nodes)} nodes, at 256 addresses each,`,
            };
        case "services":
            return { fewest: SERVICES.fewest, most: SERVICES.most, because: "the cluster's Services" };
        case "controlPlane":
            return { fewest: 16, most: 16, because: "the control plane's machines" };
    }
}

function known(text: string): Cidr {
    const range = parseCidr(text);
    if (!range) {
        throw new Error(`${text} is no range`);
    }
    return range;
}
