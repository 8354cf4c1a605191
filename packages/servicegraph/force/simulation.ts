import {
    type Force,
    forceCollide,
    forceLink,
    forceManyBody,
    forceSimulation,
    forceX,
    forceY,
    type Simulation,
    type SimulationLinkDatum,
    type SimulationNodeDatum,
} from "d3-force";
import { factsOf } from "../drawing/facts";
import { labelOf } from "../drawing/label";
import { LOOP, MOST_LABELS, NODE, nodeWidth } from "../drawing/sizes";
import type { Mesh, MeshEdge, MeshNode } from "../graph/mesh";
import { layOut } from "../layout/layout";

/** A workload. d3 adds its position and velocity; `fx` and `fy` fix it where it was dragged to. */
export interface GraphNode extends SimulationNodeDatum {
    /** The same for the same workload in every answer. */
    key: string;
    meshNode: MeshNode;
    width: number;
    /** The space above its centre: half its height, and more if it calls itself. */
    above: number;
}

export interface GraphLink extends SimulationLinkDatum<GraphNode> {
    key: string;
    source: GraphNode;
    target: GraphNode;
    edge: MeshEdge;
    /** Whether there is traffic in both directions, so that the two links are drawn side by side. */
    mutual: boolean;
}

export interface Graph {
    nodes: GraphNode[];
    links: GraphLink[];
}

/** The height, in pixels, of a label above a loop. */
const LOOP_LABEL = 52;

/**
 * Applies a new answer: known workloads stay where they are, and a new one appears beside one that it has traffic with.
 * @returns the new graph, and whether workloads or edges were added or removed, so that the simulation must be restarted
 */
export function update(before: Graph, mesh: Mesh): Graph & { changed: boolean } {
    const known = new Map(before.nodes.map((node) => [node.key, node]));
    const nodes = mesh.nodes.map((meshNode): GraphNode => {
        const key = JSON.stringify([meshNode.namespace, meshNode.app, meshNode.workload]);
        // The simulation keeps the objects of known nodes.
        const drawn = { key, meshNode, width: nodeWidth(meshNode), above: NODE.height / 2 };
        return Object.assign<Partial<GraphNode>, typeof drawn>(known.get(key) ?? {}, drawn);
    });
    const links = mesh.edges.flatMap((edge): GraphLink[] => {
        const [source, target] = [nodes[edge.source], nodes[edge.target]];
        return source && target
            ? [{ key: JSON.stringify([source.key, target.key]), source, target, edge, mutual: false }]
            : [];
    });
    const pairs = new Set(links.map(({ key }) => key));
    for (const link of links) {
        if (link.source === link.target) {
            link.source.above = NODE.height / 2 + LOOP.height + LOOP_LABEL;
        }
        link.mutual = link.source !== link.target && pairs.has(JSON.stringify([link.target.key, link.source.key]));
        const [from, to] = link.source.x === undefined ? [link.target, link.source] : [link.source, link.target];
        if (from.x !== undefined && from.y !== undefined && to.x === undefined) {
            const side = to === link.target ? 1 : -1;
            [to.x, to.y] = [from.x + side * 150, from.y + spread(to.key)];
        }
    }
    const old = new Set([...before.nodes, ...before.links].map(({ key }) => key));
    const changed = old.size !== nodes.length + links.length || [...nodes, ...links].some(({ key }) => !old.has(key));
    return { nodes, links, changed };
}

/** A height for each key, always the same, so that several new workloads do not appear at the same position. */
function spread(key: string): number {
    let hash = 0;
    for (let index = 0; index < key.length; index += 1) {
        hash = (hash * 31 + key.charCodeAt(index)) % 997;
    }
    return (hash / 997 - 0.5) * 160;
}

/** The forces: workloads move to their position in the drawing, links attract, and nodes that would overlap repel each other. */
export function simulate({ nodes, links }: Graph): Simulation<GraphNode, GraphLink> {
    const labelled = links.length <= MOST_LABELS;
    const targets = targetsOf(nodes, links, labelled);
    for (const node of nodes) {
        const target = targets.get(node);
        if (node.x === undefined && target) {
            [node.x, node.y] = [target.x, target.y];
        }
    }
    const between = links.filter(({ source, target }) => source !== target);
    return forceSimulation(nodes)
        .force("link", forceLink<GraphNode, GraphLink>(between).distance(260).strength(0.02))
        .force("charge", forceManyBody<GraphNode>().strength(-700).distanceMax(400))
        .force("collide", forceCollide<GraphNode>(({ width }) => width / 2 + 6).strength(0.8))
        .force("clear", labelled ? avoidLinks(between) : null)
        .force("x", forceX<GraphNode>((node) => targets.get(node)?.x ?? 0).strength(0.2))
        .force("y", forceY<GraphNode>((node) => targets.get(node)?.y ?? 0).strength(0.1))
        .stop();
}

/** The position of each workload in the drawing, moved as a whole to the workloads that have a position already. */
function targetsOf(
    nodes: GraphNode[],
    links: GraphLink[],
    labelled: boolean,
): Map<GraphNode, { x: number; y: number }> {
    const indexes = new Map(nodes.map((node, index) => [node, index]));
    const {
        nodes: places,
        width,
        height,
    } = layOut(
        nodes.map((node) => ({
            cluster: node.meshNode.namespace,
            width: node.width,
            height: NODE.height,
            above: { width: node.width, height: node.above - NODE.height / 2 },
        })),
        links.map(({ source, target, edge }) => ({
            source: indexes.get(source) ?? 0,
            target: indexes.get(target) ?? 0,
            label: labelled ? labelOf(factsOf(edge)) : undefined,
        })),
    );
    // Higher than the drawing, because links are straight here and have their labels on them.
    const stretch = labelled ? 1.5 : 1;
    const targets = nodes.map((_, index) => {
        const { x, y } = places[index] ?? { x: 0, y: 0 };
        return { x: x - width / 2, y: (y - height / 2) * stretch };
    });
    const known = nodes.flatMap(({ x, y }, index) => {
        const target = targets[index];
        return target && x !== undefined && y !== undefined ? [{ x: x - target.x, y: y - target.y }] : [];
    });
    const shift = (axis: "x" | "y") => known.reduce((sum, one) => sum + one[axis], 0) / Math.max(1, known.length);
    const [dx, dy] = [shift("x"), shift("y")];
    return new Map(
        nodes.map((node, index) => [node, { x: (targets[index]?.x ?? 0) + dx, y: (targets[index]?.y ?? 0) + dy }]),
    );
}

/** The distance, in pixels, between a workload and the links of others. */
const CLEARANCE = 64;

/** Moves workloads up or down that are on the links of others. */
function avoidLinks(links: GraphLink[]): Force<GraphNode, GraphLink> {
    let nodes: GraphNode[] = [];
    const force = (alpha: number) => {
        for (const { source, target } of links) {
            const [sx, sy, tx, ty] = [source.x ?? 0, source.y ?? 0, target.x ?? 0, target.y ?? 0];
            for (const node of nodes) {
                const part = ((node.x ?? 0) - sx) / (tx - sx || 1);
                if (node === source || node === target || part < 0 || part > 1) {
                    continue;
                }
                const below = (node.y ?? 0) - (sy + part * (ty - sy));
                if (Math.abs(below) < CLEARANCE) {
                    node.vy = (node.vy ?? 0) + (below < 0 ? -1 : 1) * (CLEARANCE - Math.abs(below)) * alpha * 0.5;
                }
            }
        }
    };
    force.initialize = (all: GraphNode[]) => {
        nodes = all;
    };
    return force;
}
