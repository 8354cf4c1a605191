import { goFixed6, readGoFloat } from "../text/goText";
import { list } from "./json";
import type { EdgeRates, Mesh } from "./mesh";

/** The content of `/meshgraph`. */
export interface MeshAnswer extends Mesh {
    /** Why details are missing: sentences. */
    missing: string[];
}

/** The body of `/meshgraph`, in pieces. JSON has finite numbers only; the others are "NaN", "+Inf" and "-Inf", as in Prometheus. */
export function* meshJson({ nodes, edges, missing }: MeshAnswer): Generator<string> {
    yield '{"nodes":[';
    yield* list(nodes, (node) => JSON.stringify(node));
    yield `],"missing":${JSON.stringify(missing)},"edges":[`;
    yield* list(edges, ({ before, ...edge }) =>
        JSON.stringify({ ...finite(edge), ...(before && { before: finite(before) }) }),
    );
    yield "]}";
}

function finite<T extends EdgeRates>(rates: T) {
    const { requestsPerSecond, bytesPerSecond } = rates;
    return { ...rates, requestsPerSecond: written(requestsPerSecond), bytesPerSecond: written(bytesPerSecond) };
}

const written = (figure: number | undefined) =>
    figure === undefined || Number.isFinite(figure) ? figure : goFixed6(figure);

export function readMeshJson(text: string): MeshAnswer {
    return JSON.parse(text, (key, value: unknown) =>
        /PerSecond$/.test(key) && typeof value === "string" ? readGoFloat(value) : value,
    ) as MeshAnswer;
}
