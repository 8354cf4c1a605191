import * as path from "node:path";
import { escapeMarkup } from "../text/markup";
import type { Answer } from "./response";

/** What a request is for. */
export interface Target {
    /** Unescaped. */
    path: string;
    query: URLSearchParams;
    /** The query as it was sent, with its question mark; empty where there is none. */
    search: string;
}

/** Reads the target of a request; undefined where its path is not validly escaped. */
export function readTarget(target: string): Target | undefined {
    const [, escaped = "", search = ""] = /^(?:https?:\/\/[^/?]*)?([^?]*)(\?.*)?$/is.exec(target) ?? [];
    try {
        return { path: decodeURIComponent(escaped), query: new URLSearchParams(search), search };
    } catch {
        return undefined;
    }
}

/** Where Go's server, and with it 1.0, sends a request elsewhere; undefined where it does not. */
export function redirectOf({ path: asked, search }: Target): Answer | undefined {
    // Without doubled slashes, `.` and `..`; a slash at the end stays.
    const clean = path.posix.normalize(asked.startsWith("/") ? asked : `/${asked}`);
    if (clean !== asked) {
        const location = encodeURI(clean) + search;
        return {
            ...moved(location),
            headers: { "Content-Type": "text/html; charset=utf-8", Location: location },
            body: `<a href="${escapeMarkup(location)}">Moved Permanently</a>.\n\n`,
        };
    }
    return asked.endsWith("/index.html") ? moved(`./${search}`) : undefined;
}

function moved(location: string): Answer {
    return { status: 301, headers: { Location: location }, body: "" };
}
