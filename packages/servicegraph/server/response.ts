export interface Answer {
    status: number;
    /** Without Content-Length, which is added. */
    headers: Record<string, string>;
    body: string | Buffer;
    /** Called when the body was sent to all clients, after which nothing may read it. */
    release?: () => void;
}

const TEXT = "text/plain; charset=utf-8";

/** The content security policy of all answers that are not pages: nothing may be loaded. */
export const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Text. JSON and DOT have this type too, as in 1.0. */
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

/** @param policy what the content security policy of the page allows */
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
