import { RequestError } from "../requestError";

/** Text, bytes, or bytes in pieces. */
export type Body = string | Uint8Array | readonly Uint8Array[];

export interface Answer {
    status: number;
    /** Without Content-Length, which is added. */
    headers: Record<string, string>;
    body: Body;
    /** Called when the body was sent to all clients, after which nothing may read it. */
    release?: () => void;
}

const TEXT = "text/plain; charset=utf-8";

/** The content security policy of all answers that are not pages: nothing may be loaded. */
export const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Text. JSON and DOT have this type too, as in 1.0. */
export function text(body: Body, status = 200, headers: Record<string, string> = {}): Answer {
    return {
        status,
        headers: { "Content-Type": TEXT, "Cache-Control": "no-store", "Content-Security-Policy": NOTHING, ...headers },
        body,
    };
}

export function json(body: Body): Answer {
    return text(body, 200, { "Content-Type": "application/json; charset=utf-8" });
}

/** @param policy what the content security policy of the page allows */
export function page<Content extends Body>(body: Content, policy: string, status = 200): Answer & { body: Content } {
    return {
        status,
        headers: {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Content-Security-Policy": `default-src 'none'; frame-ancestors 'none'; base-uri 'none'; ${policy}`,
            "Referrer-Policy": "no-referrer",
        },
        body,
    };
}

/** The most bytes of a graph's body. */
const MOST_BYTES = 40 * 1024 * 1024;

/** How many characters become one piece. */
const PIECE = 256 * 1024;

/**
 * Encodes a text while it is written: bytes are outside of the heap, where neither the text nor a copy of it would have room.
 * @throws RequestError 503 if it is too long
 */
export function pieces(texts: Iterable<string>): Uint8Array[] {
    const done: Uint8Array[] = [];
    let length = 0;
    let text = "";
    const encode = () => {
        const piece = Buffer.from(text);
        length += piece.length;
        if (length > MOST_BYTES) {
            throw new RequestError(503, `the graph is too large: it has more than ${MOST_BYTES} bytes; use a filter`);
        }
        done.push(piece);
        text = "";
    };
    for (const more of texts) {
        text += more;
        if (text.length > PIECE) {
            encode();
        }
    }
    encode();
    return done;
}

/** The bytes of a body, in pieces. */
export function bytesIn(body: Body): Uint8Array[] {
    return typeof body === "string" ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : [...body];
}
