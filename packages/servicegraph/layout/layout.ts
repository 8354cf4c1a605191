import type { Connection } from "./columns";
import { denseLayout } from "./dense";
import { at } from "./geometry";
import { layeredRanks } from "./ranks";
import { routedLayout } from "./routed";
import type { Group, Layout, LayoutNode } from "./types";

/** Beyond so many links nobody can follow a single one any more. */
export const MOST_ROUTED = 600;

/** Nor where so many columns are crossed by all links together: each crossing takes a place, and time and memory to find it. */
const MOST_CROSSINGS = 6000;

/** Places the nodes of a graph, cluster by cluster, and finds ways for its links. Deterministic. */
export function layOut(nodes: readonly LayoutNode[], links: readonly Connection[]): Layout {
    const groups = groupByCluster(nodes);
    return Math.max(links.length, nodes.length) > MOST_ROUTED || crossings(nodes.length, links) > MOST_CROSSINGS
        ? denseLayout(nodes, links, groups)
        : routedLayout(nodes, links, groups);
}

/** How many columns the links span, if each node stands in the column of its rank. */
function crossings(count: number, links: readonly Connection[]): number {
    const ranks = layeredRanks(count, links);
    return links.reduce((sum, { source, target }) => sum + Math.abs(at(ranks, source) - at(ranks, target)), 0);
}

function groupByCluster(nodes: readonly LayoutNode[]): Group[] {
    // Where no cluster is known at all, the nodes are one group, though without a frame.
    const none = nodes.every(({ cluster }) => cluster === "");
    const groups = new Map<string | number, Group>();
    nodes.forEach(({ cluster }, index) => {
        const key = cluster === "" && !none ? index : cluster;
        const group = groups.get(key) ?? { name: cluster, members: [] };
        group.members.push(index);
        groups.set(key, group);
    });
    return [...groups.values()];
}
