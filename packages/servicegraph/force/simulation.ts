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

/** A node that moves. d3 adds its place and its speed; `fx` and `fy` hold it where it was dragged to. */
export interface Body extends SimulationNodeDatum {
    /** The same for the same workload in every answer. */
    key: string;
    node: MeshNode;
    width: number;
    /** What it needs above its centre: half its height, and more for traffic with itself. */
    above: number;
}

export interface Bond extends SimulationLinkDatum<Body> {
    key: string;
    source: Body;
    target: Body;
    edge: MeshEdge;
    /** Whether there is traffic the other way as well, so that the two are drawn beside each other. */
    mutual: boolean;
}

export interface Bodies {
    bodies: Body[];
    bonds: Bond[];
}

/** The height, in pixels, that the figures of a workload's traffic with itself take above its loop. */
const LOOP_LABEL = 44;

/**
 * Takes over a new answer: a workload that was there before stays where it is, and a new one appears beside one that it talks to.
 * @returns whether workloads or edges came or went, so that the forces have something to do
 */
export function update(before: Bodies, mesh: Mesh): Bodies & { changed: boolean } {
    const known = new Map(before.bodies.map((body) => [body.key, body]));
    const bodies = mesh.nodes.map((node): Body => {
        const key = JSON.stringify([node.namespace, node.app, node.workload]);
        // The same object as before, which the forces hold.
        const drawn = { key, node, width: nodeWidth(node), above: NODE.height / 2 };
        return Object.assign<Partial<Body>, typeof drawn>(known.get(key) ?? {}, drawn);
    });
    const bonds = mesh.edges.flatMap((edge): Bond[] => {
        const [source, target] = [bodies[edge.source], bodies[edge.target]];
        return source && target
            ? [{ key: JSON.stringify([source.key, target.key]), source, target, edge, mutual: false }]
            : [];
    });
    const pairs = new Set(bonds.map(({ key }) => key));
    for (const bond of bonds) {
        if (bond.source === bond.target) {
            bond.source.above = NODE.height / 2 + LOOP.height + LOOP_LABEL;
        }
        bond.mutual = bond.source !== bond.target && pairs.has(JSON.stringify([bond.target.key, bond.source.key]));
        const [from, to] = bond.source.x === undefined ? [bond.target, bond.source] : [bond.source, bond.target];
        if (from.x !== undefined && from.y !== undefined && to.x === undefined) {
            const side = to === bond.target ? 1 : -1;
            [to.x, to.y] = [from.x + side * 150, from.y + spread(to.key)];
        }
    }
    const old = new Set([...before.bodies, ...before.bonds].map(({ key }) => key));
    const changed = old.size !== bodies.length + bonds.length || [...bodies, ...bonds].some(({ key }) => !old.has(key));
    return { bodies, bonds, changed };
}

/** Some height, always the same for the same key, so that several new workloads do not appear in one place. */
function spread(key: string): number {
    let hash = 0;
    for (let index = 0; index < key.length; index += 1) {
        hash = (hash * 31 + key.charCodeAt(index)) % 997;
    }
    return (hash / 997 - 0.5) * 160;
}

/** The forces: workloads are drawn to where the drawing has them, edges pull, and what would overlap keeps apart. */
export function simulate({ bodies, bonds }: Bodies): Simulation<Body, Bond> {
    const labelled = bonds.length <= MOST_LABELS;
    const homes = homesOf(bodies, bonds, labelled);
    for (const body of bodies) {
        const home = homes.get(body);
        if (body.x === undefined && home) {
            [body.x, body.y] = [home.x, home.y];
        }
    }
    const between = bonds.filter(({ source, target }) => source !== target);
    return forceSimulation(bodies)
        .force("link", forceLink<Body, Bond>(between).distance(260).strength(0.02))
        .force("charge", forceManyBody<Body>().strength(-700).distanceMax(400))
        .force("collide", forceCollide<Body>(({ width }) => width / 2 + 6).strength(0.8))
        .force("clear", labelled ? clearWay(between) : null)
        .force("x", forceX<Body>((body) => homes.get(body)?.x ?? 0).strength(0.2))
        .force("y", forceY<Body>((body) => homes.get(body)?.y ?? 0).strength(0.1))
        .stop();
}

/** Where the drawing has each workload: as a whole where those are that are known already, else around the middle. */
function homesOf(bodies: Body[], bonds: Bond[], labelled: boolean): Map<Body, { x: number; y: number }> {
    const indexes = new Map(bodies.map((body, index) => [body, index]));
    const { nodes, width, height } = layOut(
        bodies.map((body) => ({
            cluster: body.node.namespace,
            width: body.width,
            height: NODE.height,
            above: { width: body.width, height: body.above - NODE.height / 2 },
        })),
        bonds.map(({ source, target, edge }) => ({
            source: indexes.get(source) ?? 0,
            target: indexes.get(target) ?? 0,
            label: labelled ? labelOf(factsOf(edge)) : undefined,
        })),
    );
    // Further apart up and down, for here edges go straight, with their figures on them.
    const stretch = labelled ? 1.5 : 1;
    const homes = bodies.map((_, index) => {
        const { x, y } = nodes[index] ?? { x: 0, y: 0 };
        return { x: x - width / 2, y: (y - height / 2) * stretch };
    });
    const known = bodies.flatMap(({ x, y }, index) => {
        const home = homes[index];
        return home && x !== undefined && y !== undefined ? [{ x: x - home.x, y: y - home.y }] : [];
    });
    const shift = (axis: "x" | "y") => known.reduce((sum, one) => sum + one[axis], 0) / Math.max(1, known.length);
    const [dx, dy] = [shift("x"), shift("y")];
    return new Map(
        bodies.map((body, index) => [body, { x: (homes[index]?.x ?? 0) + dx, y: (homes[index]?.y ?? 0) + dy }]),
    );
}

/** How far a workload keeps from an edge that is not its own. */
const CLEARANCE = 64;

/** Moves workloads up or down that stand in the way of other workloads' edges. */
function clearWay(bonds: Bond[]): Force<Body, Bond> {
    let bodies: Body[] = [];
    const force = (alpha: number) => {
        for (const { source, target } of bonds) {
            const [sx, sy, tx, ty] = [source.x ?? 0, source.y ?? 0, target.x ?? 0, target.y ?? 0];
            for (const body of bodies) {
                const part = ((body.x ?? 0) - sx) / (tx - sx || 1);
                if (body === source || body === target || part < 0 || part > 1) {
                    continue;
                }
                const below = (body.y ?? 0) - (sy + part * (ty - sy));
                if (Math.abs(below) < CLEARANCE) {
                    body.vy = (body.vy ?? 0) + (below < 0 ? -1 : 1) * (CLEARANCE - Math.abs(below)) * alpha * 0.5;
                }
            }
        }
    };
    force.initialize = (all: Body[]) => {
        bodies = all;
    };
    return force;
}
