import type { Item, Route } from "./columns";
import type { Box, Point, Size } from "./geometry";

export interface LayoutNode extends Item {
    /** The nodes of a cluster are in one frame. A node with an empty cluster has no frame. */
    cluster: string;
}

export interface Layout extends Size {
    /** The centres of the nodes. */
    nodes: Point[];
    clusters: (Box & { name: string })[];
    /** In the order of the links; undefined for links from a node to itself, and for the straight links of a dense graph. */
    routes: (Route | undefined)[];
    /** Whether this is an overview of a very large graph. */
    dense: boolean;
}

export interface Group {
    /** The name of the cluster; empty if there is no frame. */
    name: string;
    /** Indexes of nodes. */
    members: number[];
}
