/** What a request is answered with. */
export interface Answer {
    status: number;
    /** Content type, and whatever else; a length is added. */
    headers: Record<string, string>;
    body: string | Buffer;
    /** Called when the body was sent to everybody who gets it; it is not to be read any more. */
    release?: () => void;
}

const TEXT = "text/plain; charset=utf-8";

/** Where no page, script or frame of any origin may be loaded from: holds for every answer that is not a page. */
export const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Text, which is also what 1.0 called its JSON and its DOT. */
export function text(body: string, status = 200, headers: Record<string, string> = {}): Answer {
    return {
        status,
        headers: { "Content-Type": TEXT, "Cache-Control": "no-store", "Content-Security-Policy": NOTHING, ...headers },
        body,
    };
}

export function json(body: string): Answer {
    return text(body, 200, { "Content-Type": "application/json; charset=utf-8" });
}

/** A page, with what its content security policy allows. */
export function page(body: string, policy: string, status = 200): Answer {
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
