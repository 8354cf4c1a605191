import { goFixed6 } from "../text/goText";
import type { ServiceEdge, ServiceGraph } from "./serviceGraph";

/* Both bodies come in pieces, because the text of a large graph exceeds the memory. Like Go's encoder, they end with a newline. */

/** The body of `/graph`: nodes by name. */
export function* graphJson({ nodes, edges }: ServiceGraph): Generator<string> {
    yield '{"nodes":{';
    yield* list(nodes, (name) => `${JSON.stringify(name)}:{}`);
    yield '},"edges":[';
    yield* list(edges, ({ source, target, ...edge }) => JSON.stringify({ source, target, labels: labels(edge) }));
    yield "]}\n";
}

/** The body of `/d3graph`: nodes in a list, and links by their indexes in it. */
export function* d3Json({ nodes, edges }: ServiceGraph): Generator<string> {
    const indexes = new Map(nodes.map((name, index) => [name, index]));
    yield '{"nodes":[';
    yield* list(nodes, (name) => JSON.stringify({ name }));
    yield '],"links":[';
    yield* list(edges, (edge) =>
        JSON.stringify({
            source: indexes.get(edge.source),
            target: indexes.get(edge.target),
            labels: labels(edge),
        }),
    );
    yield "]}\n";
}

const labels = ({ label, value }: Pick<ServiceEdge, "label" | "value">) => ({ [label]: goFixed6(value) });

/** The texts of items, with commas between them. */
export function* list<Item>(items: readonly Item[], text: (item: Item) => string): Generator<string> {
    let separator = "";
    for (const item of items) {
        yield separator + text(item);
        separator = ",";
    }
}
