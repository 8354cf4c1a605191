import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

interface Import {
    from: string;
    to: string;
}

const ROOT = path.resolve(__dirname, "../..");

/** The rooms of the house, and the other rooms that each may import from. Tests may import everything that they test. */
const LAWS: Record<string, string[]> = {
    "index.ts": ["config", "components"],
    config: ["components", "packages/shared"],
    components: ["packages/servicegraph", "packages/shared"],
    "packages/shared": [],
    "packages/compile": [],
    "packages/kubernetes": ["packages/shared"],
    "packages/leftovers": ["packages/compile", "packages/kubernetes", "components/names.ts", "packages/shared"],
    "packages/cli": [
        "config",
        "components",
        "packages/compile",
        "packages/leftovers",
        "packages/kubernetes",
        "packages/shared",
    ],
    "packages/servicegraph": ["packages/compile", "packages/shared"],
    "packages/sandbox": ["packages/compile", "packages/shared"],
    "packages/policy": [],
    "packages/bench": [
        "components",
        "packages/cli",
        "packages/compile",
        "packages/leftovers",
        "packages/kubernetes",
        "packages/shared",
    ],
};

/** Rooms inside a package, bottom first: each may import from itself and from the layers before its own. */
const LAYERS: Record<string, string[][]> = {
    "packages/servicegraph": [
        ["requestError.ts", "budget.ts", "text"],
        ["prometheus"],
        ["parameters.ts"],
        ["graph"],
        ["layout"],
        ["drawing"],
        ["page"],
        ["force"],
        ["server"],
        ["bundle.ts"],
    ],
};

/** Only these may import the strategy that applies what the program renders: the place that chooses between the two. */
const RENDERED = { room: "packages/cli/rendered", door: "packages/cli/deployment/chooseStrategy.ts" };

/** What runs the program with the SDK of Pulumi, in a separate process. */
const EVALUATION = ["evaluation.ts", "collect.ts", "monitor.ts"].map((file) => `packages/cli/program/${file}`);

const sources = filesIn(ROOT).map((file) => path.relative(ROOT, file).replaceAll(path.sep, "/"));
const imports = sources.flatMap((from) => importsOf(from).map((to) => ({ from, to })));
const ofProduct = imports.filter(({ from }) => !isTest(from));

it("finds the imports of all rooms", () => {
    expect(imports.length).toBeGreaterThan(1000);
    expect(imports.filter(({ to }) => to.startsWith("missing: "))).toEqual([]);
    expect(new Set(sources.map(roomOf))).toEqual(new Set([...Object.keys(LAWS), "tests"]));
});

it("keeps the laws between the rooms", () => {
    const broken = ofProduct.flatMap(({ from, to }) => {
        const room = roomOf(from);
        const allowed = [room, ...(LAWS[room] ?? [])];
        return allowed.some((place) => isIn(to, place))
            ? []
            : [`${from} imports ${to}; the law: ${room} imports only ${allowed.slice(1).join(", ") || "nothing"}`];
    });
    expect(broken).toEqual([]);
});

it.each(Object.keys(LAYERS))("keeps the layers inside %s", (room) => {
    const layers = LAYERS[room] ?? [];
    const layerOf = (file: string) =>
        layers.findIndex((places) => places.some((place) => isIn(file, `${room}/${place}`)));
    const broken = ofProduct.flatMap(({ from, to }) => {
        if (!isIn(from, room) || !isIn(to, room) || layerOf(from) < 0) {
            return [];
        }
        const same = layers[layerOf(from)]?.some((place) => [from, to].every((file) => isIn(file, `${room}/${place}`)));
        const ground = layerOf(from) === 0 && layerOf(to) === 0;
        const below = layerOf(to) >= 0 && layerOf(to) < layerOf(from);
        return (same ?? false) || ground || below
            ? []
            : [`${from} imports ${to}; the law: a layer imports only itself and those below it`];
    });
    expect(broken).toEqual([]);
});

it("keeps the deployment without the CLI behind one door", () => {
    const broken = ofProduct
        .filter(({ from, to }) => isIn(to, RENDERED.room) && !isIn(from, RENDERED.room) && from !== RENDERED.door)
        .map(({ from, to }) => `${from} imports ${to}; the law: only ${RENDERED.door} imports ${RENDERED.room}`);
    expect(broken).toEqual([]);
});

it("keeps the SDK of Pulumi, which takes a second to load, out of the commands' own process", () => {
    const seen = new Set<string>();
    /** The ways from a file to those that load the SDK. @param importers the files before it */
    const waysFrom = (file: string, importers: string[] = []): string[] => {
        if (seen.has(file)) {
            return [];
        }
        seen.add(file);
        const way = [...importers, file];
        const isEnd = packagesOf(file).some((name) => name.startsWith("@pulumi/"));
        const further = importsOf(file, { types: false }).flatMap((to) => waysFrom(to, way));
        return isEnd ? [way.join(" imports "), ...further] : further;
    };
    const commands = sources.filter(
        (file) => isIn(file, "packages/cli") && !isTest(file) && !EVALUATION.includes(file),
    );
    expect(commands.length).toBeGreaterThan(100);
    expect(commands.flatMap((file) => waysFrom(file))).toEqual([]);
});

it("has no circle of files", () => {
    const circle = circlesIn(imports).map(
        ({ from, to }) => `${from} imports ${to}; the law: no files import each other`,
    );
    expect(circle).toEqual([]);
});

/** Program text of the clone, without what is installed or built. */
function filesIn(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        if (entry.isDirectory()) {
            return /^(\.|node_modules$|coverage$)/.test(entry.name) ? [] : filesIn(file);
        }
        return /\.(ts|js)$/.test(entry.name) ? [file] : [];
    });
}

/** The text of a file without imports that are gone when the program runs. */
function textWithoutTypes(file: string): string {
    const types = /^import (?:type\b[^;]*|\{(?: *type \w+(?: as \w+)?,?\s*)+\} from "[^"]*");$/gm;
    return textOf(file).replace(types, "");
}

function textOf(file: string): string {
    return readFileSync(path.join(ROOT, file), "utf8");
}

/** The packages that a file loads when it is loaded. */
function packagesOf(from: string): string[] {
    return [...textWithoutTypes(from).matchAll(/(?:\bfrom|\bimport)\s*"([^."][^"]*)"/g)].map(([, name = ""]) => name);
}

/** Files of this clone that a file imports. @param types whether imports of types count. Default: they do. */
function importsOf(from: string, { types = true } = {}): string[] {
    const text = types ? textOf(from) : textWithoutTypes(from);
    return [...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*"(\.[^"$]*)"/g)].map(([, to = ""]) => {
        const base = path.join(ROOT, path.dirname(from), to);
        const found = [base, `${base}.ts`, `${base}.js`, path.join(base, "index.ts")].find(
            (file) => existsSync(file) && statSync(file).isFile(),
        );
        return found === undefined ? `missing: ${to}` : path.relative(ROOT, found).replaceAll(path.sep, "/");
    });
}

function isTest(file: string): boolean {
    return /\.test\.ts$|\/testing\/|^tests\//.test(file);
}

function roomOf(file: string): string {
    const parts = file.split("/");
    return parts[0] === "packages" ? parts.slice(0, 2).join("/") : (parts[0] ?? file);
}

function isIn(file: string, place: string): boolean {
    return file === place || file.startsWith(`${place}/`);
}

/** The imports that are left when every file without a way in or out has been taken away: circles, and what joins them. */
function circlesIn(edges: Import[]): Import[] {
    const importers = new Set(edges.map(({ from }) => from));
    const imported = new Set(edges.map(({ to }) => to));
    const left = edges.filter(({ from, to }) => imported.has(from) && importers.has(to));
    return left.length === edges.length ? edges : circlesIn(left);
}
