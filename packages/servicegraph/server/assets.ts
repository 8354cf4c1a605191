import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { type Answer, NOTHING, page } from "./response";

/** Answers by path: the files that the server serves unchanged. */
export type Assets = ReadonlyMap<string, Answer>;

export const ASSET_NAMES = ["mesh.css", "favicon.svg", "forcegraph.html", "forcegraph.css", "forcegraph.js"] as const;

export type AssetName = (typeof ASSET_NAMES)[number];

/** The live graph may run the server's own script and send requests to the server. */
const FORCE_POLICY = "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'";

/** Makes the answers from the texts of the files. */
export function assets(read: (name: AssetName) => string): Assets {
    const file = (name: AssetName, type: string) =>
        tagged({
            status: 200,
            headers: { "Content-Type": type, "Content-Security-Policy": NOTHING },
            body: Buffer.from(read(name)),
        });
    return new Map([
        ["/mesh.css", file("mesh.css", "text/css; charset=utf-8")],
        ["/force/forcegraph.html", tagged(page(Buffer.from(read("forcegraph.html")), FORCE_POLICY))],
        ["/force/forcegraph.css", file("forcegraph.css", "text/css; charset=utf-8")],
        ["/force/forcegraph.js", file("forcegraph.js", "text/javascript; charset=utf-8")],
        ["/favicon.svg", file("favicon.svg", "image/svg+xml")],
    ]);
}

/** A browser asks each time whether the file is still the same. */
function tagged({ status, headers, body }: Answer & { body: Buffer }): Answer {
    const tag = createHash("sha256").update(body).digest("base64url").slice(0, 22);
    return { status, headers: { ...headers, "Cache-Control": "no-cache", ETag: `"${tag}"` }, body };
}

/**
 * The file, or 304 without a body if the client has it.
 * @param ifNoneMatch the header of the request
 */
export function unlessKnown(file: Answer, ifNoneMatch = ""): Answer {
    const known = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    return known.includes("*") || known.includes(file.headers.ETag ?? "")
        ? { status: 304, headers: file.headers, body: "" }
        : file;
}

/**
 * Reads the files from a folder. 1.0 accepted any folder, so that the server's own files replace missing ones.
 * @param missing called with the names of missing files
 * @throws Error if a file exists and cannot be read
 */
export function assetsIn(folder: string, ownFolder: string, missing: (names: string[]) => void): Assets {
    const names: string[] = [];
    const found = assets((name) => {
        const own = path.join(ownFolder, name);
        const file = path.join(folder, name);
        try {
            return readFileSync(file, "utf8");
        } catch (error) {
            const { code, message } = error as NodeJS.ErrnoException;
            if (file === own || (code !== "ENOENT" && code !== "ENOTDIR")) {
                throw new Error(
                    `--assetDir must be a folder whose files can be read; it is ${JSON.stringify(folder)}: ${message}`,
                    { cause: error },
                );
            }
            names.push(name);
            return readFileSync(own, "utf8");
        }
    });
    if (names.length > 0) {
        missing(names);
    }
    return found;
}
