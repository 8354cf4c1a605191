import { goFixed6, readGoFloat } from "../text/goText";
import type { Mesh, MeshEdge } from "./mesh";

/** What `/meshgraph` tells. */
export interface MeshAnswer extends Mesh {
    /** Why details are missing: sentences. */
    missing: string[];
}

/** The figures of an edge that may be no finite numbers, which JSON does not have: they are written as Prometheus writes them. */
const TRAFFIC = ["requestsPerSecond", "bytesPerSecond"] as const;

type Written = Omit<MeshEdge, (typeof TRAFFIC)[number]> &
    Partial<Record<(typeof TRAFFIC)[number], number | string | undefined>>;

/** The body of `/meshgraph`: figures are numbers, or one of the words "NaN", "+Inf" and "-Inf". */
export function meshJson({ edges, ...rest }: MeshAnswer): string {
    return JSON.stringify({ ...rest, edges: edges.map((edge) => withTraffic(edge, write)) });
}

/** Reads it. */
export function readMeshJson(text: string): MeshAnswer {
    const { edges, ...rest } = JSON.parse(text) as Omit<MeshAnswer, "edges"> & { edges: Written[] };
    return { ...rest, edges: edges.map((edge) => withTraffic(edge, read) as MeshEdge) };
}

/** The edge itself, unless one of its figures changes. */
function withTraffic(edge: Written, change: (figure: number | string) => number | string): Written {
    let changed = edge;
    for (const name of TRAFFIC) {
        const figure = edge[name];
        const other = figure === undefined ? undefined : change(figure);
        if (!Object.is(other, figure)) {
            changed = { ...changed, [name]: other };
        }
    }
    return changed;
}

const write = (figure: number | string) =>
    typeof figure === "number" && !Number.isFinite(figure) ? goFixed6(figure) : figure;

const read = (figure: number | string) => (typeof figure === "string" ? (readGoFloat(figure) ?? NaN) : figure);
