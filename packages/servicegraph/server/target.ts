import * as path from "node:path";
import { escapeMarkup } from "../text/markup";
import type { Answer } from "./response";

export interface Target {
    /** Unescaped. */
    path: string;
    query: URLSearchParams;
    /** The query as it was sent, with its question mark; may be empty. */
    search: string;
}

/** Reads the target of a request; undefined if it is not a correctly escaped path. */
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

/** The redirects of Go's HTTP server, and so of 1.0. */
export function redirectOf({ path: asked, search }: Target): Answer | undefined {
    // This removes double slashes, `.` and `..`, and keeps a slash at the end.
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

/** Escapes a path as Go does. */
function goEscapePath(path: string): string {
    return encodeURIComponent(path)
        .replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent)
        .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function moved(location: string): Answer {
    return { status: 301, headers: { Location: location }, body: "" };
}
