import { frameAround, plus } from "./frame";
import { at, type Size } from "./geometry";
import { placeGrid, placeShelves } from "./grid";
import type { Group, Layout, LayoutNode } from "./types";
import type { Link } from "./ranks";

/** The distances between nodes, and between frames. */
const GAPS = { nodes: { width: 28, height: 16 }, frames: 36 };

/** An overview of a very large graph: the nodes of each group in a grid, the groups in rows, and straight links. */
export function denseLayout(nodes: readonly LayoutNode[], links: readonly Link[], groups: readonly Group[]): Layout {
    // Groups without a frame become one group: each of them would take the height of a whole row.
    const framed = groups.filter(({ name }) => name !== "");
    const single = groups.filter(({ name }) => name === "").flatMap(({ members }) => members);
    const all = single.length > 0 ? [...framed, { name: "", members: single }] : framed;

    const place: { group: number; index: number }[] = [];
    all.forEach(({ members }, group) => {
        members.forEach((member, index) => {
            place[member] = { group, index };
        });
    });
    const inner = all.map((): Link[] => []);
    for (const link of links) {
        const [source, target] = [at(place, link.source), at(place, link.target)];
        if (source.group === target.group) {
            at(inner, source.group).push({ source: source.index, target: target.index });
        }
    }
    const cell = nodes.reduce<Size>(
        (most, { width, height, above }) => ({
            width: Math.max(most.width, width),
            // The node is in the middle of its cell, so that the space above it counts twice.
            height: Math.max(most.height, height + 2 * (above?.height ?? 0)),
        }),
        { width: 0, height: 0 },
    );
    const grids = all.map(({ members }, group) => placeGrid(members.length, at(inner, group), cell, GAPS.nodes));
    const frames = all.map(({ name }, group) => frameAround(name, at(grids, group)));
    const { corners, width, height } = placeShelves(frames, GAPS.frames);
    return {
        width,
        height,
        nodes: place.map(({ group, index }) =>
            plus(plus(at(corners, group), at(frames, group).inset), at(at(grids, group).items, index)),
        ),
        clusters: all.flatMap(({ name }, group) => {
            const { width, height } = at(frames, group);
            const centre = plus(at(corners, group), { x: width / 2, y: height / 2 });
            return name === "" ? [] : [{ name, width, height, ...centre }];
        }),
        routes: links.map(() => undefined),
        dense: true,
    };
}
