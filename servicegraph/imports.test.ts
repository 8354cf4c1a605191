import * as fs from "node:fs";
import * as path from "node:path";

/** What may import what: each from its own line and from those above it. */
const LAYERS = [
    ["fault", "text"],
    ["prometheus"],
    ["parameters"],
    ["graph"],
    ["layout"],
    ["drawing"],
    ["page", "force"],
    ["server"],
    ["bundle"],
    ["testing"],
];

const PROGRAM = /(?<!\.test)\.ts$/;

it("dependencies point one way", () => {
    const wrong = LAYERS.flatMap((names, layer) =>
        names.flatMap((name) =>
            filesOf(name).flatMap((file) =>
                [...fs.readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)].flatMap(([, to = ""]) => {
                    const imported = path.relative(__dirname, path.resolve(path.dirname(file), to)).split(path.sep)[0];
                    const other = LAYERS.findIndex((names) => names.includes(imported ?? ""));
                    const sideways = other === layer && imported !== name && !["fault", "text"].includes(name);
                    return other === -1 || other > layer || sideways
                        ? [`${path.relative(__dirname, file)} imports ${to}`]
                        : [];
                }),
            ),
        ),
    );
    expect(wrong).toEqual([]);
});

/** The source of a layer's part: a file, or all files of a folder. */
function filesOf(name: string): string[] {
    const folder = path.join(__dirname, name);
    return fs.existsSync(`${folder}.ts`)
        ? [`${folder}.ts`]
        : (fs.readdirSync(folder, { recursive: true }) as string[])
              .filter((file) => PROGRAM.test(file))
              .map((file) => path.join(folder, file));
}
