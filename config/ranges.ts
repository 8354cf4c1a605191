/**
 * The plan of a cluster's IP ranges: ranges that are set stay, all others are placed around them. The necessary sizes are
 * from https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing.
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

/** Where ranges are placed. The control plane's range prefers another space, apart from the others. */
const SPACES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(known);
const CONTROL_PLANE_SPACES = ["172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"].map(known);

/** What may be set: private addresses (RFC 1918), and those for carriers (RFC 6598), which GKE accepts too. */
const PRIVATE = [...SPACES, known("100.64.0.0/10")];

/** Prefixes of placed ranges. They leave room to grow, so that another number of nodes moves no range. */
const USUAL = { nodes: 20, pods: 14, services: 20, controlPlane: 28 };

/** Number of addresses of a subnet that Google reserves. */
const RESERVED = 4;
/** Addresses for the pods of a node with at most 110 pods, the default: a /24. */
const PODS_PER_NODE = 256;
/** Google's minimum for a subnet's primary range: a /29. */
const FEWEST_NODES = 8;
/** Minimum and maximum for Services: a /27, which is enough for this program, and GKE's limit of a /16. */
const SERVICES = { fewest: 32, most: 65_536 };

/** The ranges in the order in which they are checked and placed. */
const ORDER: RangeName[] = ["nodes", "pods", "services", "controlPlane"];

/**
 * A complete plan for a cluster of at most `nodes` nodes, including those of surge upgrades.
 *
 * @param set The ranges that are fixed.
 * @throws RangePlanError if a range is malformed, public, too small or too large, overlaps another one, or finds no room.
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

/** The maximum number of nodes of a cluster: the pool's maximum in each zone, and one more there for an upgrade. */
export function maxNodes(maxPerZone: number, zones: number): number {
    return (maxPerZone + 1) * zones;
}

function checked(name: RangeName, text: string, nodes: number, others: ReadonlyMap<RangeName, Cidr>): Cidr {
    const range = parseCidr(text);
    if (!range) {
        throw new RangePlanError(name, "it is not an IPv4 range in CIDR notation");
    }
    if (!PRIVATE.some((space) => contains(space, range))) {
        throw new RangePlanError(name, `it is not within ${PRIVATE.map(formatCidr).join(", ")}`);
    }
    const { fewest, most = Infinity, content } = limits(nodes)[name];
    if (size(range) < fewest) {
        throw new RangePlanError(name, `it is too small: ${content} need a /${String(prefixFor(fewest))}`);
    }
    if (size(range) > most) {
        throw new RangePlanError(name, `it is too large: GKE allows a /${String(prefixFor(most))} at most`);
    }
    for (const [other, taken] of others) {
        if (overlap(range, taken)) {
            throw new RangePlanError(name, `it overlaps ${formatCidr(taken)}, the range of ${WORDS[other]}`);
        }
    }
    return range;
}

function placed(name: RangeName, nodes: number, taken: Cidr[]): Cidr {
    const prefix = Math.min(USUAL[name], prefixFor(limits(nodes)[name].fewest));
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

/** Minimum and maximum number of addresses of each range, and what they are for. */
function limits(nodes: number): Record<RangeName, { fewest: number; most?: number; content: string }> {
    return {
        nodes: {
            fewest: Math.max(FEWEST_NODES, nodes + RESERVED),
            content: `${String(nodes)} nodes, with one for upgrades in each zone,`,
        },
        pods: {
            fewest: nodes * PODS_PER_NODE,
            content: `the pods of ${String(nodes)} nodes, at 256 addresses each,`,
        },
        services: { ...SERVICES, content: "the cluster's Services" },
        controlPlane: { fewest: 16, most: 16, content: "the control plane's machines" },
    };
}

function known(text: string): Cidr {
    const range = parseCidr(text);
    if (!range) {
        throw new Error(`${text} is not a range`);
    }
    return range;
}
