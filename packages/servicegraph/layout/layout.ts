import type { Connection } from "./columns";
import { denseLayout } from "./dense";
import { at } from "./geometry";
import { layeredRanks } from "./ranks";
import { routedLayout } from "./routed";
import type { Group, Layout, LayoutNode } from "./types";

/** In graphs with more links, a single link cannot be followed. */
export const MOST_ROUTED = 600;

/** The same limit for the sum of the columns that links span: each of them costs space, time and memory. */
const MOST_CROSSINGS = 6000;

/** Places the nodes of a graph by cluster, and routes its links. Deterministic. */
export function layOut(nodes: readonly LayoutNode[], links: readonly Connection[]): Layout {
    const groups = groupByCluster(nodes);
    return Math.max(links.length, nodes.length) > MOST_ROUTED || crossings(nodes.length, links) > MOST_CROSSINGS
        ? denseLayout(nodes, links, groups)
        : routedLayout(nodes, links, groups);
}

/** How many columns the links span if each node is in the column of its rank. */
function crossings(count: number, links: readonly Connection[]): number {
    const ranks = layeredRanks(count, links);
    return links.reduce((sum, { source, target }) => sum + Math.abs(at(ranks, source) - at(ranks, target)), 0);
}

function groupByCluster(nodes: readonly LayoutNode[]): Group[] {
    // If no cluster is known, all nodes are one group without a frame.
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
