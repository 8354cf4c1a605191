import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { BuildOptions } from "esbuild";
import { bundled } from "../compile/compiled";
import { forcegraphPage } from "./force/forcegraphPage";
import type { AssetName } from "./server/assets";

/** The file that Node runs. */
export const ENTRY = "server.mjs";

/** The files of the server, by name, to mount into its container. The same source always gives the same files. */
export function serverFiles(): Record<typeof ENTRY | AssetName, string> {
    const file = (name: string) => readFileSync(path.join(__dirname, name), "utf8");
    return {
        [ENTRY]: bundle("server/main.ts", { platform: "node", format: "esm", target: "node20.20" }),
        "mesh.css": file("page/mesh.css"),
        "favicon.svg": file("page/favicon.svg"),
        "forcegraph.html": forcegraphPage(),
        "forcegraph.css": file("force/forcegraph.css"),
        "forcegraph.js": bundle("force/browser/forcegraph.ts", {
            platform: "browser",
            format: "iife",
            target: "es2022",
        }),
    };
}

/** Writes the server's files into a new temporary folder. The caller removes it. */
export function unpackServer(): { folder: string; entry: string } {
    const folder = mkdtempSync(path.join(tmpdir(), "servicegraph-"));
    for (const [name, text] of Object.entries(serverFiles())) {
        writeFileSync(path.join(folder, name), text);
    }
    return { folder, entry: path.join(folder, ENTRY) };
}

function bundle(entry: string, options: BuildOptions): string {
    return bundled(path.join(__dirname, entry), {
        ...options,
        // Half the size. Pulumi keeps the text in the stack's state, and writes the state after each resource.
        minify: true,
        charset: "utf8",
        legalComments: "inline",
    });
}
