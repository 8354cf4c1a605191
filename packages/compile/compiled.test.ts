import childProcess, { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
    chmodSync,
    cpSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    symlinkSync,
    truncateSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as Compiled from "./compiled";

const CLONE = path.resolve(__dirname, "../..");
const TEMPORARY = tmpdir();

/** A small clone with this package. */
let clone: string;
let temporary: string;

const inClone = (...names: string[]) => path.join(clone, ...names);
const write = (name: string, text: string) => {
    mkdirSync(path.dirname(inClone(name)), { recursive: true });
    writeFileSync(inClone(name), text);
};

/** Runs a program as users run it, in a separate process. */
function start(args: string[], nodeOptions = ""): SpawnSyncReturns<string> {
    const env = { ...process.env, NODE_OPTIONS: nodeOptions };
    return spawnSync(process.execPath, [inClone("packages/compile/run.js"), ...args], { encoding: "utf8", env });
}

/** What a program prints that runs in this process, with new modules as in a new process. */
function outputOf(name: string): string {
    // A build of what has just changed is used only once. A process takes longer to start.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    jest.resetModules();
    const print = jest.spyOn(console, "log").mockImplementation();
    try {
        const { compiled } = jest.requireActual<typeof Compiled>(inClone("packages/compile/compiled.js"));
        jest.requireActual(compiled(inClone(name)));
        return print.mock.calls.map((values) => values.join(" ")).join("\n");
    } finally {
        print.mockRestore();
    }
}

const cache = () => inClone("node_modules/.cache/bookinfo-mesh", encodeURIComponent(clone));
const buildOf = (name: string) => path.join(cache(), `${encodeURIComponent(name)}.js`);

beforeEach(() => {
    clone = mkdtempSync(path.join(TEMPORARY, "bookinfo-mesh-clone-"));
    temporary = mkdtempSync(path.join(TEMPORARY, "bookinfo-mesh-tmp-"));
    process.env.TMPDIR = temporary;
    cpSync(__dirname, inClone("packages/compile"), { recursive: true });
    mkdirSync(inClone("node_modules"));
    for (const name of ["esbuild", "@esbuild"]) {
        symlinkSync(path.join(CLONE, "node_modules", name), inClone("node_modules", name));
    }
    write("room/entry.ts", "import { word } from './word';\nconsole.log(word as string);\n");
    write("room/word.ts", 'export const word: string = "first";\n');
});
afterEach(() => {
    jest.restoreAllMocks();
    for (const folder of [clone, temporary]) {
        rmSync(folder, { recursive: true });
    }
});

describe("a build", () => {
    it("is made once, and again after a change of a source, even if its time and size stay", () => {
        utimesSync(inClone("room/word.ts"), 1, 1);
        expect(outputOf("room/entry.ts")).toBe("first");
        const { ino } = statSync(buildOf("room/entry.ts"));
        expect(outputOf("room/entry.ts")).toBe("first");
        expect(statSync(buildOf("room/entry.ts")).ino).toBe(ino);

        write("room/word.ts", 'export const word: string = "other";\n');
        utimesSync(inClone("room/word.ts"), 1, 1);
        expect(outputOf("room/entry.ts")).toBe("other");
    });

    it("is made again if an import means a new file", () => {
        write("room/word/index.ts", 'export const word: string = "in a folder";\n');
        rmSync(inClone("room/word.ts"));
        expect(outputOf("room/entry.ts")).toBe("in a folder");
        write("room/word.ts", 'export const word: string = "a file";\n');
        expect(outputOf("room/entry.ts")).toBe("a file");
    });

    it("is made again after a change of a package", () => {
        write("room/entry.ts", 'import { word } from "some-package";\nconsole.log(word);\n');
        write("node_modules/some-package/package.json", '{ "main": "one.js" }');
        write("node_modules/some-package/one.js", 'exports.word = "one";');
        write("node_modules/some-package/two.js", 'exports.word = "two";');
        expect(outputOf("room/entry.ts")).toBe("one");
        write("node_modules/some-package/package.json", '{ "main": "two.js" }');
        expect(outputOf("room/entry.ts")).toBe("two");
        write("node_modules/some-package/two.js", 'exports.word = "changed";');
        expect(outputOf("room/entry.ts")).toBe("changed");
    });

    it("is not made again if something else changes in the folder of a linked package", () => {
        const outside = path.join(temporary, "outside");
        mkdirSync(path.join(outside, "some-package"), { recursive: true });
        writeFileSync(path.join(outside, "some-package/index.js"), 'exports.word = "linked";');
        symlinkSync(path.join(outside, "some-package"), inClone("node_modules/some-package"));
        write("room/entry.ts", 'import { word } from "some-package";\nconsole.log(word);\n');
        expect(outputOf("room/entry.ts")).toBe("linked");
        const { ino } = statSync(buildOf("room/entry.ts"));
        mkdirSync(path.join(outside, "other"));
        expect(outputOf("room/entry.ts")).toBe("linked");
        expect(statSync(buildOf("room/entry.ts")).ino).toBe(ino);
    });

    it("is made again if it is damaged", () => {
        outputOf("room/entry.ts");
        const file = buildOf("room/entry.ts");
        const whole = readFileSync(file, "utf8");
        const map = readFileSync(`${file}.map`, "utf8");
        const damages = [
            () => {
                truncateSync(file, statSync(file).size - 20);
            },
            () => {
                writeFileSync(file, whole.replace("first", "wrong"));
            },
            () => {
                rmSync(`${file}.map`);
            },
            () => {
                truncateSync(file);
            },
        ];
        // Each would be built again, which takes most of the time of a test.
        const build = jest.spyOn(childProcess, "spawnSync").mockReturnValue({ status: 1, stderr: "built" } as never);
        for (const damage of damages) {
            damage();
            expect(() => outputOf("room/entry.ts")).toThrow(/cannot be compiled:\nbuilt$/);
            writeFileSync(file, whole);
            writeFileSync(`${file}.map`, map);
            expect(outputOf("room/entry.ts")).toBe("first");
        }
        build.mockRestore();
        truncateSync(file);
        rmSync(`${file}.map`);
        expect(outputOf("room/entry.ts")).toBe("first");
        expect(readFileSync(file, "utf8")).toBe(whole);
        expect(readFileSync(`${file}.map`, "utf8")).toBe(map);
    });

    it("is removed once its source is gone, and leaves nothing unfinished", () => {
        outputOf("room/entry.ts");
        write("room/next.ts", 'console.log("next");');
        rmSync(inClone("room/entry.ts"));
        expect(outputOf("room/next.ts")).toBe("next");
        expect(readdirSync(cache()).sort()).toEqual(["room%2Fnext.ts.js", "room%2Fnext.ts.js.map"]);
    });
});

describe("a folder that cannot be written", () => {
    // Not by permissions, which do not bind root: a file is where the folder would be.
    const block = () => {
        write("node_modules/.cache", "");
    };

    it("is replaced by a private folder for temporary files, which is used again", () => {
        block();
        expect(outputOf("room/entry.ts")).toBe("first");
        const [folder = ""] = readdirSync(temporary);
        const build = path.join(temporary, folder, "room%2Fentry.ts.js");
        const { ino } = statSync(build);
        expect(outputOf("room/entry.ts")).toBe("first");
        expect(statSync(build).ino).toBe(ino);
    });

    it("is replaced by a new folder if others can write the one for temporary files, and the new one is removed", () => {
        block();
        outputOf("room/entry.ts");
        const [folder = ""] = readdirSync(temporary);
        const build = path.join(temporary, folder, "room%2Fentry.ts.js");
        // What somebody else could write there: another program that counts as whole and current.
        const [code = "", manifest = ""] = readFileSync(build, "utf8").split("\n//# build=");
        const other = code.replace("first", "wrong");
        const digests = [code, other].map((each) => createHash("sha256").update(each).digest("hex"));
        writeFileSync(build, `${other}\n//# build=${manifest.replace(digests[0] ?? "", digests[1] ?? "")}`);
        chmodSync(path.join(temporary, folder), 0o777);
        // The new one is removed when the process ends.
        expect(start([inClone("room/entry.ts")])).toMatchObject({ stdout: "first\n", stderr: "" });
        expect(readdirSync(temporary)).toEqual([folder]);
        expect(readFileSync(build, "utf8")).toContain('"wrong"');
    });
});

describe("a program", () => {
    it("has its own arguments, paths and packages, and its bytecode is kept", () => {
        write("room/data.txt", "text beside the source");
        write("node_modules/some-package/package.json", '{ "main": "one.js" }');
        write("node_modules/some-package/one.js", "exports.word = 1;");
        write(
            "room/entry.ts",
            [
                'import { readFileSync } from "node:fs";',
                'import path from "node:path";',
                "import { where } from '../other/where';",
                'console.log(readFileSync(path.join(__dirname, "data.txt"), "utf8"), path.basename(__filename), where);',
                'console.log(path.basename(require.resolve("some-package")), ...process.argv.slice(1));',
            ].join("\n"),
        );
        write("other/where.ts", "export const where: string = __dirname;\n");
        // Node.js 20 cannot keep bytecode.
        write("newer.js", "require('node:module').enableCompileCache = (folder) => console.error(folder);");
        const { stdout, stderr } = start(
            [inClone("room/entry.ts"), "--one", "two"],
            `--require=${inClone("newer.js")}`,
        );
        expect(stderr).toBe(`${path.join(cache(), "v8")}\n`);
        expect(stdout).toBe(
            `text beside the source entry.ts ${inClone("other")}\none.js ${inClone("room/entry.ts")} --one two\n`,
        );
    });

    it("fails with the file and line of the TypeScript source", () => {
        write(
            "room/word.ts",
            'interface Unused {\n    a: 1;\n}\nexport const word = (): string => {\n    throw new Error("broken");\n};\n',
        );
        write("room/entry.ts", "import { word } from './word';\ntype None = undefined;\n\nword();\n");
        const { status, stderr } = start([inClone("room/entry.ts")]);
        expect(status).toBe(1);
        expect(stderr).toContain("Error: broken\n");
        expect(stderr).toContain(`at word (${inClone("room/word.ts")}:5:11)`);
        expect(stderr).toContain(`${inClone("room/entry.ts")}:4:1`);
    });

    it("that is not TypeScript is refused, with the place of the mistake", () => {
        write("room/word.ts", "export const word = ;\n");
        const { status, stderr } = start([inClone("room/entry.ts")]);
        expect(status).toBe(1);
        expect(stderr).toContain("room/word.ts:1:20");
    });
});
