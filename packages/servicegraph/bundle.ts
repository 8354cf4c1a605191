import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { buildSync, type BuildOptions } from "esbuild";
import { ASSET_NAMES } from "./server/assets";

/** The file that Node runs. */
export const ENTRY = "server.mjs";

/**
 * The files that make up the server, by name: what is mounted into its container. Made from the TypeScript in this folder, always
 * the same from the same source.
 */
export function serverFiles(): Record<string, string> {
    return {
        [ENTRY]: bundle("server/main.ts", { platform: "node", format: "esm", target: "node20.20" }),
        ...assetFiles(),
    };
}

/** Writes the server's files into a new temporary folder, which the caller removes. */
export function unpackServer(): { folder: string; entry: string } {
    const folder = mkdtempSync(path.join(tmpdir(), "servicegraph-"));
    for (const [name, text] of Object.entries(serverFiles())) {
        writeFileSync(path.join(folder, name), text);
    }
    return { folder, entry: path.join(folder, ENTRY) };
}

/** The files of the live graph alone. */
export function assetFiles(): Record<(typeof ASSET_NAMES)[number], string> {
    const file = (name: string) => readFileSync(path.join(__dirname, name), "utf8");
    return {
        "mesh.css": file("page/mesh.css"),
        "favicon.svg": file("page/favicon.svg"),
        "forcegraph.html": file("force/forcegraph.html"),
        "forcegraph.css": file("force/forcegraph.css"),
        "forcegraph.js": bundle("force/browser/forcegraph.ts", {
            platform: "browser",
            format: "iife",
            target: "es2022",
            banner: { js: licence("d3-force") },
        }),
    };
}

/** The licence of a package, which everything that is made of it has to carry. (What d3-force needs is of the same author and licence.) */
function licence(name: string): string {
    const folder = path.dirname(path.dirname(require.resolve(name)));
    return `/*! ${name}\n\n${readFileSync(path.join(folder, "LICENSE"), "utf8").trim()} */`;
}

function bundle(entry: string, options: BuildOptions): string {
    const { outputFiles } = buildSync({
        ...options,
        absWorkingDir: __dirname,
        entryPoints: [entry],
        bundle: true,
        // Half the size: the text is kept in the stack's state as well, which is written anew with each resource.
        minify: true,
        write: false,
        charset: "utf8",
        legalComments: "inline",
        logLevel: "silent",
        // Without the project's settings, which are for type checks.
        tsconfigRaw: {},
    });
    return outputFiles[0]?.text ?? "";
}
