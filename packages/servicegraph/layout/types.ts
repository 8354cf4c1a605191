import type { Item, Route } from "./columns";
import type { Box, Point, Size } from "./geometry";

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
