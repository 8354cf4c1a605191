import type { Connection, Item, Route } from "./columns";
import { denseLayout } from "./dense";
import { at, type Box, type Point, type Size } from "./geometry";
import { layeredRanks } from "./ranks";
import { routedLayout } from "./routed";

/** A node to place. */
export interface LayoutNode extends Item {
    /** The nodes of a cluster stand together in a frame; with an empty name, each stands for itself. */
    cluster: string;
}

export interface Layout extends Size {
    /** The centres of the nodes. */
    nodes: Point[];
    clusters: (Box & { name: string })[];
    /** In the order of the links. Those from a node to itself have none, nor have those of a dense graph: they go straight. */
    routes: (Route | undefined)[];
    /** Whether the graph is so large that this is an overview of it, and no more. */
    dense: boolean;
}

/** Nodes that stand together. */
export interface Group {
    /** Of the cluster; empty where there is no frame. */
    name: string;
    /** Indexes of nodes. */
    members: number[];
}

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
