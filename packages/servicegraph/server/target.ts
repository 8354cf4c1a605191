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

/** Reads the target of a request; undefined where it is no path, or one that is not validly escaped. */
export function readTarget(target: string): Target | undefined {
    const [, escaped = "", search = ""] = /^(?:https?:\/\/[^/?]*)?([^?]*)(\?.*)?$/is.exec(target) ?? [];
    if (escaped !== "" && !escaped.startsWith("/")) {
        return undefined;
    }
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
        const location = goEscapePath(clean) + search;
        return {
            ...moved(location),
            headers: { "Content-Type": "text/html; charset=utf-8", Location: location },
            body: `<a href="${escapeMarkup(location)}">Moved Permanently</a>.\n\n`,
        };
    }
    return asked.endsWith("/index.html") ? moved(`./${search}`) : undefined;
}

/** Escapes a path as Go does: whatever else could begin a query or a fragment, or end an address in a text. */
function goEscapePath(path: string): string {
    return encodeURIComponent(path)
        .replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent)
        .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function moved(location: string): Answer {
    return { status: 301, headers: { Location: location }, body: "" };
}
