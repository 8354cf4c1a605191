import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { assetsIn, ASSET_NAMES } from "./assets";

const folder = (files: Partial<Record<string, string>>) => {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), "servicegraph-assets-"));
    folders.push(made);
    for (const [name, text] of Object.entries(files)) {
        fs.writeFileSync(path.join(made, name), text ?? "");
    }
    return made;
};
const folders: string[] = [];
const own = folder(Object.fromEntries(ASSET_NAMES.map((name) => [name, `own ${name}`])));

afterAll(() => {
    for (const one of folders) {
        fs.rmSync(one, { recursive: true });
    }
});

/** What is served from a folder, and which files it lacks. */
function served(from: string): { css: string; script: string; missing: string[] } {
    let missing: string[] = [];
    const found = assetsIn(from, own, (names) => (missing = names));
    const bodyOf = (at: string) => String(found.get(at)?.body);
    return { css: bodyOf("/mesh.css"), script: bodyOf("/force/forcegraph.js"), missing };
}

it("serves the server's own files if the folder has none, as the default folder ./ of 1.0", () => {
    const all = [...ASSET_NAMES].sort();
    for (const from of [folder({}), path.join(own, "no-such-folder"), path.join(own, "mesh.css")]) {
        const { css, script, missing } = served(from);
        expect([css, script, missing.sort()]).toEqual(["own mesh.css", "own forcegraph.js", all]);
    }
    expect(served(own).missing).toEqual([]);
});

it("serves a folder's files instead of the server's own, and no other file of it", () => {
    const from = folder({ "mesh.css": "theirs", "secret.txt": "secret" });
    expect(served(from)).toMatchObject({ css: "theirs", script: "own forcegraph.js" });
    expect([...assetsIn(from, own, () => undefined).keys()].filter((at) => at.includes("secret"))).toEqual([]);
});

it("names the flag, its value and the reason if a file cannot be read", () => {
    const from = folder({});
    fs.mkdirSync(path.join(from, "mesh.css"));
    expect(() => served(from)).toThrow(`--assetDir must be a folder whose files can be read; it is "${from}": EISDIR`);
});
