import * as fc from "fast-check";
import { contains, firstFree, formatCidr, overlap, parseCidr, prefixFor, size } from "../../config/cidr";
import type { Ranges } from "../../components/gke/network";
import { maxNodes, planRanges, type RangeName, RangePlanError } from "../../config/ranges";

const cidr = (text: string) => {
    const range = parseCidr(text);
    if (!range) {
        throw new Error(`${text} is not a range`);
    }
    return range;
};

/** Any range without address bits after its prefix. */
const anyRange = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
    .map(([address, prefix]) => ({ first: address - (address % 2 ** (32 - prefix)), prefix }));

describe("a range", () => {
    it("is the same after formatting and parsing", () => {
        fc.assert(
            fc.property(anyRange, (range) => {
                expect(parseCidr(formatCidr(range))).toEqual(range);
            }),
        );
    });

    it.each(["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/32", "10.0.0.1/24", "010.0.0.0/8x", "::/0", ""])(
        "is not %j",
        (text) => {
            expect(parseCidr(text)).toBeUndefined();
        },
    );

    it("overlaps another range if one of them contains the other one's first address", () => {
        fc.assert(
            fc.property(anyRange, anyRange, (one, other) => {
                const has = (range: typeof one, address: number) =>
                    range.first <= address && address < range.first + size(range);
                const expected = has(one, other.first) || has(other, one.first);
                expect(overlap(one, other)).toBe(expected);
                expect(contains(one, other) || contains(other, one)).toBe(expected);
            }),
        );
    });

    it("is found at the lowest free place, if there is any", () => {
        const space = cidr("10.0.0.0/24");
        fc.assert(
            fc.property(
                fc.integer({ min: 24, max: 28 }),
                fc.array(
                    fc
                        .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 25, max: 32 }))
                        .map(([place, prefix]) => ({
                            first: space.first + place * 16 - ((place * 16) % 2 ** (32 - prefix)),
                            prefix,
                        })),
                ),
                (prefix, taken) => {
                    const places = Array.from({ length: 2 ** (prefix - 24) }, (_, index) => ({
                        first: space.first + index * size({ prefix }),
                        prefix,
                    }));
                    const free = places.find((place) => !taken.some((range) => overlap(place, range)));
                    expect(firstFree(space, prefix, taken)).toEqual(free);
                },
            ),
        );
    });

    it("has the longest prefix with enough addresses", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (addresses) => {
                const prefix = prefixFor(addresses);
                expect(size({ prefix })).toBeGreaterThanOrEqual(addresses);
                expect(size({ prefix: prefix + 1 })).toBeLessThan(addresses);
            }),
        );
    });
});

const NAMES: RangeName[] = ["nodes", "pods", "services", "controlPlane"];
const SPACES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Up to the largest cluster: 1000 nodes in each of three zones, and one more there for upgrades. */
const anyNodes = fc.integer({ min: 2, max: 3003 });

/** A private range with a prefix in these bounds. */
const privateRange = (least: number, most: number) =>
    fc
        .tuple(fc.constantFrom(...SPACES), fc.integer({ min: least, max: most }), fc.nat())
        .filter(([space, prefix]) => prefix >= cidr(space).prefix)
        .map(([space, prefix, place]) => {
            const { first, prefix: outer } = cidr(space);
            return formatCidr({ first: first + (place % 2 ** (prefix - outer)) * size({ prefix }), prefix });
        });

/** Any set of ranges, valid or not. */
const anySetting = fc.record(
    {
        nodes: privateRange(16, 24),
        pods: privateRange(8, 18),
        services: privateRange(14, 28),
        controlPlane: privateRange(27, 29),
    },
    { requiredKeys: [] },
);

describe("a plan", () => {
    it("places the ranges of a small cluster in 10.0.0.0/8, and the control plane's elsewhere", () => {
        expect(planRanges({}, 5)).toEqual({
            nodes: "10.0.0.0/20",
            pods: "10.4.0.0/14",
            services: "10.0.16.0/20",
            controlPlane: "172.16.0.0/28",
        });
    });

    it("has no ranges that overlap, are too small or public, and keeps those that are set; or it reports the invalid range", () => {
        const spaces = SPACES.map(cidr);
        let plans = 0;
        fc.assert(
            fc.property(anySetting, anyNodes, (set, nodes) => {
                let plan: Ranges;
                try {
                    plan = planRanges(set, nodes);
                } catch (error) {
                    expect(error).toBeInstanceOf(RangePlanError);
                    expect(set).toHaveProperty((error as RangePlanError).range);
                    return;
                }
                plans++;
                const ranges = NAMES.map((name) => cidr(plan[name]));
                const overlaps = ranges.flatMap((range, index) =>
                    ranges.slice(index + 1).filter((other) => overlap(range, other)),
                );
                expect(overlaps).toEqual([]);
                expect(ranges.filter((range) => !spaces.some((space) => contains(space, range)))).toEqual([]);
                expect(plan).toMatchObject(set);
                // Google reserves four addresses of a subnet; each node has 256 for its pods.
                expect(size(cidr(plan.nodes)) - 4).toBeGreaterThanOrEqual(nodes);
                expect(size(cidr(plan.pods)) / 256).toBeGreaterThanOrEqual(nodes);
                expect(size(cidr(plan.services))).toBeGreaterThanOrEqual(32);
                expect(cidr(plan.controlPlane).prefix).toBe(28);
            }),
            { numRuns: 1000 },
        );
        expect(plans).toBeGreaterThan(100);
    });

    it("finds room for the other ranges, if those that are set are valid", () => {
        fc.assert(
            fc.property(privateRange(9, 20), anyNodes, (nodes, count) => {
                expect(Object.keys(planRanges({ nodes }, count)).sort()).toEqual([...NAMES].sort());
            }),
        );
    });

    it("does not change when nodes are added, up to a thousand", () => {
        fc.assert(
            fc.property(fc.integer({ min: 2, max: 1000 }), (nodes) => {
                expect(planRanges({}, nodes)).toEqual(planRanges({}, 2));
            }),
        );
        expect(planRanges({}, 1025).pods).toBe("10.8.0.0/13");
    });

    it.each<[RangeName, string, string]>([
        ["nodes", "10.0.0.0/33", "it is not an IPv4 range in CIDR notation"],
        ["nodes", "10.0.0.1/20", "it is not an IPv4 range in CIDR notation"],
        ["nodes", "8.8.8.0/24", "it is not within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10"],
        ["nodes", "10.0.0.0/7", "it is not within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10"],
        ["nodes", "10.0.0.0/29", "it is too small: 5 nodes, with one for upgrades in each zone, need a /28"],
        ["pods", "10.4.0.0/22", "it is too small: the pods of 5 nodes, at 256 addresses each, need a /21"],
        ["services", "10.8.0.0/28", "it is too small: the cluster's Services need a /27"],
        ["services", "10.8.0.0/15", "it is too large: GKE allows a /16 at most"],
        ["services", "10.4.128.0/20", "it overlaps 10.4.0.0/14, the range of the pods"],
        ["controlPlane", "172.16.0.0/29", "it is too small: the control plane's machines need a /28"],
        ["controlPlane", "172.16.0.0/27", "it is too large: GKE allows a /28 at most"],
        ["controlPlane", "10.4.0.0/28", "it overlaps 10.4.0.0/14, the range of the pods"],
    ])("fails with %s = %s", (name, range, message) => {
        const others = name === "pods" ? {} : { pods: "10.4.0.0/14" };
        expect(() => planRanges({ ...others, [name]: range }, 5)).toThrow(
            expect.objectContaining({ range: name, message }) as Error,
        );
    });

    it("fails if there is no room left", () => {
        const set = { nodes: "10.0.0.0/8", pods: "172.16.0.0/12", services: "192.168.0.0/16" };
        expect(() => planRanges(set, 5)).toThrow(
            expect.objectContaining({
                range: "controlPlane",
                message: "there is no room for a /28 beside the other ranges",
            }) as Error,
        );
    });

    it("has room for the nodes of an upgrade, in each zone", () => {
        expect(maxNodes(4, 1)).toBe(5);
        expect(maxNodes(4, 3)).toBe(15);
    });
});
