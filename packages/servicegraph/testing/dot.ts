/* A strict reader: it accepts only the part of DOT that servicegraph writes. */

interface DotGraph {
    name: string;
    nodes: { id: string; label: string }[];
    edges: { source: string; target: string; label: string }[];
}

/** @throws Error if the text is not that part of DOT */
export function parseDot(text: string): DotGraph {
    const tokens = lex(text);
    let next = 0;
    const peek = () => tokens[next];
    const expect = (type: string): string => {
        const token = tokens[next];
        if (token?.type !== type) {
            throw new Error(`${type} expected at token ${next}, found ${JSON.stringify(token)}`);
        }
        next += 1;
        return token.text;
    };
    const attributes = (): string => {
        expect("[");
        if (expect("word") !== "label") {
            throw new Error("only labels are expected");
        }
        expect("=");
        const label = unquote(expect("string"));
        expect("]");
        expect(";");
        return label;
    };

    if (expect("word") !== "digraph") {
        throw new Error("not a digraph");
    }
    const graph: DotGraph = { name: unquote(expect("string")), nodes: [], edges: [] };
    expect("{");
    while (peek()?.type === "string") {
        const id = unquote(expect("string"));
        if (peek()?.type === "->") {
            expect("->");
            const target = unquote(expect("string"));
            graph.edges.push({ source: id, target, label: attributes() });
        } else {
            graph.nodes.push({ id, label: attributes() });
        }
    }
    expect("}");
    if (next !== tokens.length) {
        throw new Error("something follows the graph");
    }
    return graph;
}

interface Token {
    type: string;
    text: string;
}

/** In a quoted string of Graphviz, a backslash escapes a quote or a backslash. */
function lex(text: string): Token[] {
    const tokens: Token[] = [];
    const pattern = /\s+|->|[[\]{};=]|[a-z]+|"(?:[^"\\\n]|\\.)*"/y;
    while (pattern.lastIndex < text.length) {
        const start = pattern.lastIndex;
        const found = pattern.exec(text)?.[0];
        if (found === undefined) {
            throw new Error(`no token at ${start}: ${text.slice(start, start + 40)}`);
        }
        if (found.startsWith('"')) {
            tokens.push({ type: "string", text: found });
        } else if (/^[a-z]/.test(found)) {
            tokens.push({ type: "word", text: found });
        } else if (found.trim() !== "") {
            tokens.push({ type: found, text: found });
        }
    }
    return tokens;
}

const SHORT: Partial<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** The value of a string in Go's syntax. */
export function unquote(literal: string): string {
    return literal
        .slice(1, -1)
        .replace(
            /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([abfnrtv"\\])|(.?))/gs,
            (_, x?: string, u?: string, long?: string, short?: string, other?: string) => {
                if (other !== undefined) {
                    throw new Error(`no escape of Go: \\${other}`);
                }
                const hex = x ?? u ?? long;
                return hex === undefined
                    ? (SHORT[short ?? ""] ?? short ?? "")
                    : String.fromCodePoint(parseInt(hex, 16));
            },
        );
}
