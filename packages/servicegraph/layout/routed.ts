import { type Connection, placeColumns, type Placement, type Route } from "./columns";
import { frameAround, plus } from "./frame";
import { at, type Point, type Size } from "./geometry";
import type { Group, Layout, LayoutNode } from "./types";
import { layeredRanks } from "./ranks";

/** How often groups are placed with a better order of their ports. */
const ROUNDS = 3;

/**
 * Places groups in columns like large items, and the nodes of each group in columns inside it. A link between two groups passes through
 * ports at their sides, so that it passes under no node inside them.
 */
export function routedLayout(
    nodes: readonly LayoutNode[],
    links: readonly Connection[],
    groups: readonly Group[],
): Layout {
    const groupOf: number[] = [];
    groups.forEach(({ members }, group) => {
        for (const member of members) {
            groupOf[member] = group;
        }
    });
    const within = groups.map((): Connection[] => []);
    const between: GroupLink[] = [];
    for (const link of links) {
        const [source, target] = [at(groupOf, link.source), at(groupOf, link.target)];
        if (source !== target) {
            between.push({ link, source, target, sourceHeight: 0, targetHeight: 0 });
        } else if (link.source !== link.target) {
            at(within, source).push(link);
        }
    }
    const ranks = layeredRanks(groups.length, between);

    // The best order of the ports depends on the positions of the groups, which depend on the order of the ports.
    let [contents, outer] = placeGroups();
    for (let round = 1; round < ROUNDS; round += 1) {
        for (const one of between) {
            one.sourceHeight = at(outer.items, one.source).y + portOffset(at(contents, one.source), one);
            one.targetHeight = at(outer.items, one.target).y + portOffset(at(contents, one.target), one);
        }
        [contents, outer] = placeGroups();
    }
    return assemble(nodes.length, links, between, contents, outer);

    function placeGroups(): [Content[], Placement] {
        const contents = groups.map((group, index) => placeGroup(nodes, group, at(within, index), portsOf(index)));
        const connections = between.map((one) => ({
            source: one.source,
            target: one.target,
            sourceOffset: portOffset(at(contents, one.source), one),
            targetOffset: portOffset(at(contents, one.target), one),
            label: one.link.label,
        }));
        return [contents, placeColumns(contents, connections, ranks)];
    }

    /** From top to bottom, in the order of the other ends. */
    function portsOf(group: number): Port[] {
        return between
            .flatMap((one): (Port & { height: number })[] => {
                const toTheRight = at(ranks, one.source) < at(ranks, one.target);
                if (one.source === group) {
                    return [{ one, node: one.link.source, onRight: toTheRight, height: one.targetHeight }];
                }
                return one.target === group
                    ? [{ one, node: one.link.target, onRight: !toTheRight, height: one.sourceHeight }]
                    : [];
            })
            .sort((a, b) => a.height - b.height);
    }
}

/** A link between two groups. */
interface GroupLink {
    link: Connection;
    /** Indexes of groups. */
    source: number;
    target: number;
    /** The vertical positions of its two ports so far. */
    sourceHeight: number;
    targetHeight: number;
}

/** The point where a link to another group crosses the side of a group. */
interface Port {
    one: GroupLink;
    node: number;
    onRight: boolean;
}

/** A placed group; points are relative to its upper left corner. */
interface Content extends Size {
    group: Group;
    nodes: Point[];
    routes: Map<Connection, Route>;
    /** From the node to the port, by link. */
    ports: Map<GroupLink, Point[]>;
}

/** The distance of a port below the centre of its group. */
function portOffset({ ports, height }: Content, one: GroupLink): number {
    return (ports.get(one)?.at(-1)?.y ?? 0) - height / 2;
}

/** Places the nodes of a group, with the ports to the left and right of them. */
function placeGroup(
    nodes: readonly LayoutNode[],
    group: Group,
    within: readonly Connection[],
    ports: readonly Port[],
): Content {
    const { members } = group;
    const indexes = new Map(members.map((member, index) => [member, index]));
    const index = (node: number) => indexes.get(node) ?? 0;
    const inner = within.map((link) => ({ ...link, source: index(link.source), target: index(link.target) }));
    const first = ports.some(({ onRight }) => !onRight) ? 1 : 0;
    const ranks = layeredRanks(members.length, inner).map((rank) => rank + first);
    const last = Math.max(...ranks) + 1;

    const { items, routes, ...size } = placeColumns(
        [...members.map((member) => at(nodes, member)), ...ports.map(() => ({ width: 0, height: 1 }))],
        [
            ...inner,
            ...ports.map(({ node }, port) => ({
                source: index(node),
                target: members.length + port,
                targetOffset: 0,
            })),
        ],
        [...ranks, ...ports.map(({ onRight }) => (onRight ? last : 0))],
    );
    const { width, height, inset } = frameAround(group.name, size);
    const moved = routes.map((route) => moveRoute(route, inset));
    return {
        group,
        width,
        height,
        nodes: items.slice(0, members.length).map((item) => plus(item, inset)),
        routes: new Map(within.map((link, index) => [link, at(moved, index)])),
        ports: new Map(ports.map(({ one }, port) => [one, at(moved, within.length + port).points])),
    };
}

function moveRoute({ points, label }: Route, by: Point): Route {
    return { points: points.map((point) => plus(point, by)), label: label && plus(label, by) };
}

/** Moves the content of each group to the position of the group. */
function assemble(
    count: number,
    links: readonly Connection[],
    between: readonly GroupLink[],
    contents: readonly Content[],
    outer: Placement,
): Layout {
    const corners = contents.map(({ width, height }, index) =>
        plus(at(outer.items, index), { x: -width / 2, y: -height / 2 }),
    );
    const places = new Array<Point>(count);
    const routes = new Map<Connection, Route>();
    contents.forEach(({ group, nodes, routes: inner }, index) => {
        const corner = at(corners, index);
        group.members.forEach((member, place) => {
            places[member] = plus(at(nodes, place), corner);
        });
        for (const [link, route] of inner) {
            routes.set(link, moveRoute(route, corner));
        }
    });
    between.forEach((one, index) => {
        const toPort = (group: number) =>
            (at(contents, group).ports.get(one) ?? []).map((point) => plus(point, at(corners, group)));
        const { points, label } = at(outer.routes, index);
        routes.set(one.link, {
            points: [...toPort(one.source), ...points, ...toPort(one.target).reverse()],
            label,
        });
    });
    return {
        width: outer.width,
        height: outer.height,
        nodes: places,
        clusters: contents.flatMap(({ group: { name }, width, height }, index) =>
            name === "" ? [] : [{ name, width, height, ...at(outer.items, index) }],
        ),
        routes: links.map((link) => routes.get(link)),
        dense: false,
    };
}
