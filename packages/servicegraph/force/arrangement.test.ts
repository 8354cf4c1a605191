import fc from "fast-check";
import type { Mesh } from "../graph/mesh";
import type { Box } from "../layout/geometry";
import { arrange, holds } from "./arrangement";
import { inOrder, nextStop } from "./navigation";
import { viewOf } from "./view";

const WINDOWS = [
    { width: 1233, height: 572 },
    { width: 358, height: 590 },
];

/** Any mesh: names of any length, workloads without a namespace, calls to oneself, and edges that lead nowhere. */
const anyMesh = fc
    .record({
        names: fc.uniqueArray(fc.tuple(fc.constantFrom("", "a", "b", "__proto__", "n".repeat(80)), fc.nat(40)), {
            selector: String,
            maxLength: 40,
        }),
        ends: fc.uniqueArray(fc.tuple(fc.nat(40), fc.nat(40)), { selector: String, maxLength: 50 }),
    })
    .map(({ names, ends }): Mesh => {
        const nodes = names.map(([namespace, number]) => {
            const app = "app".repeat(1 + (number % 9)) + String(number);
            return { name: `${app} (${app}-v1)`, app, workload: `${app}-v1`, namespace };
        });
        const edge = { requestsPerSecond: 1, errorRatio: 0, mutualTls: undefined };
        return { nodes, edges: ends.map(([source, target]) => ({ source, target, ...edge })) };
    });

const overlap = (a: Box, b: Box) =>
    Math.abs(a.x - b.x) < (a.width + b.width) / 2 - 0.01 && Math.abs(a.y - b.y) < (a.height + b.height) / 2 - 0.01;
const isIn = (a: Box, b: Box) =>
    Math.abs(a.x - b.x) <= (b.width - a.width) / 2 + 0.01 && Math.abs(a.y - b.y) <= (b.height - a.height) / 2 + 0.01;

it("keeps boxes and frames apart, and each workload in the frame of its namespace and in no other, for any mesh", () => {
    fc.assert(
        fc.property(
            anyMesh,
            fc.constantFrom(...WINDOWS),
            fc.subarray(["a", "b", "__proto__"]),
            (mesh, window, folded) => {
                const view = viewOf(mesh, (namespace) => folded.includes(namespace));
                const { boxes, frames, width, height, lineOf } = arrange(view, window);
                const placed = view.items.map((item) => ({ item, box: boxes.get(item.key) as Box }));
                const faults = placed.flatMap(({ item, box }, index) => {
                    const own = item.workload && item.namespace;
                    return [
                        ...placed.slice(index + 1).filter((other) => overlap(box, other.box)),
                        ...frames.filter((frame) => (frame.name === own ? !isIn(box, frame) : overlap(box, frame))),
                        ...(isIn(box, { x: width / 2, y: height / 2, width, height }) ? [] : ["outside"]),
                    ];
                });
                const overlapping = frames.filter((frame, index) =>
                    frames.slice(index + 1).some((one) => overlap(frame, one)),
                );
                expect([faults, overlapping]).toEqual([[], []]);
                expect(view.lines.map((line) => lineOf(line).path).filter((path) => !/^M-?[\d.]+ /.test(path))).toEqual(
                    [],
                );
            },
        ),
        { numRuns: 40 },
    );
});

it("reaches every box with the arrow keys", () => {
    fc.assert(
        fc.property(anyMesh, (mesh) => {
            const view = viewOf(mesh, () => false);
            const { boxes } = arrange(view, { width: 1233, height: 572 });
            const stops = inOrder([...boxes].map(([key, box]) => ({ ...box, key, frame: key.length % 3 })));
            const reached = new Set<string>();
            for (let stop = stops[0]; stop && !reached.has(stop.key); stop = nextStop(stops, stop, "ArrowDown")) {
                reached.add(stop.key);
                const back = nextStop(stops, stop, "ArrowDown");
                expect(back && nextStop(stops, back, "ArrowUp")).toBe(stop);
            }
            expect(reached.size).toBe(view.items.length);
        }),
        { numRuns: 20 },
    );
});

describe("a small mesh", () => {
    const node = (app: string, namespace = "default") => ({ name: app, app, workload: app, namespace });
    const edge = (source: number, target: number, requestsPerSecond = 1) => ({
        source,
        target,
        requestsPerSecond,
        mutualTls: undefined,
    });
    const nodes = [node("a"), node("b"), node("c", "other")];
    const view = viewOf({ nodes, edges: [edge(0, 1), edge(1, 2)] }, () => false);
    const wide = arrange(view, { width: 1233, height: 572 });

    it("has a label on each line in a wide window, and none in a narrow one", () => {
        const narrow = arrange(view, { width: 250, height: 590 });
        const labelsIn = ({ lineOf }: typeof wide) => view.lines.map((line) => lineOf(line).label !== undefined);
        expect([labelsIn(wide), labelsIn(narrow)]).toEqual([
            [true, true],
            [false, false],
        ]);
    });

    it("stays where it is if figures change or a workload disappears, and not if one is new", () => {
        const fewer = viewOf({ nodes: nodes.slice(0, 2), edges: [edge(0, 1, 1.5)] }, () => false);
        const more = viewOf({ nodes: [...nodes, node("d")], edges: [edge(0, 1)] }, () => false);
        const other = viewOf({ nodes, edges: [edge(1, 0)] }, () => false);
        expect([fewer, more, other].map((view) => holds(wide, view))).toEqual([true, false, false]);
    });

    it("moves to the nearest box on the side of an arrow key", () => {
        const stop = (key: string, x: number, y: number) => ({ key, x, y, width: 10, height: 10, frame: 0 });
        const stops = inOrder([stop("left", 0, 0), stop("right", 100, 5), stop("far", 120, 90)]);
        const [left, right] = stops as [(typeof stops)[0], (typeof stops)[0]];
        const keys = (from: typeof left, ...pressed: string[]) => pressed.map((key) => nextStop(stops, from, key)?.key);
        expect(keys(left, "ArrowRight", "ArrowLeft", "Home", "End", "x")).toEqual([
            "right",
            "left",
            "left",
            "far",
            undefined,
        ]);
        expect(keys(right, "ArrowLeft")).toEqual(["left"]);
    });
});
