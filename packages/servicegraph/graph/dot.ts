import { goFixed6, goQuote } from "../text/goText";
import { wellFormed } from "../text/wellFormed";
import type { ServiceGraph } from "./serviceGraph";

/** The body of `/dotgraph`, in the DOT language, in pieces. */
export function* dotGraph({ nodes, edges }: ServiceGraph): Generator<string> {
    const ids = dotIds(nodes);
    const id = (name: string) => goQuote(ids.get(name) ?? name);
    yield 'digraph "istio-servicegraph" {\n';
    for (const { source, target, label, value } of edges) {
        yield `${id(source)} -> ${id(target)} [label=${goQuote(`${label}: ${goFixed6(value)}`)}];\n`;
    }
    for (const name of nodes) {
        yield `${id(name)} [label=${goQuote(name)}];\n`;
    }
    yield "}\n";
}

/**
 * The ids of nodes: their names, with `_` for each slash, dot and space. If two names have the same id, the second one gets a number.
 * In 1.0 they became one node.
 */
function dotIds(names: string[]): Map<string, string> {
    const taken = new Set<string>();
    // The next number to try for each id: many similar names would take quadratic time otherwise.
    const numbers = new Map<string, number>();
    const ids = new Map<string, string>();
    for (const name of names) {
        const plain = wellFormed(name).replace(/[/. ]/g, "_");
        let id = plain;
        let number = numbers.get(plain) ?? 2;
        for (; taken.has(id); number += 1) {
            id = `${plain}_${number}`;
        }
        numbers.set(plain, number);
        taken.add(id);
        ids.set(name, id);
    }
    return ids;
}
