"use strict";
// This folder is JavaScript, because it runs before anything can translate TypeScript. Each command loads this file, so it
// loads little, and esbuild only if something must be built.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

/** The root folder of this clone. */
const ROOT = path.resolve(__dirname, "../..");

/** Starts the last line of a build: its manifest, as JSON. */
const MANIFEST = "\n//# build=";

/** Names that an import can mean: folders, and files with these endings or none. */
const IMPORTABLE = /^[^.]+$|^[^.].*\.(ts|tsx|js|jsx|mjs|cjs|json)$/;

/** Age at which an unfinished file of a killed build is removed, in milliseconds. */
const ABANDONED = 3_600_000;

/**
 * A TypeScript file of this clone as a single CommonJS file, with everything that it imports except packages of Pulumi. It
 * is built on first use, and again if anything that it was made of has changed.
 * @param {string} entry the path of the TypeScript file
 * @returns {string} the path of a JavaScript file to require
 * @throws {Error} if the sources cannot be built, with esbuild's messages
 */
function compiled(entry) {
    return provide(entry, `${encodeURIComponent(path.relative(ROOT, entry))}.js`);
}

/**
 * The text of a bundle that is not for this process. It is built and kept in the same way.
 * @param {string} entry the path of the TypeScript file
 * @param {import("esbuild").BuildOptions} options all options that differ from esbuild's; they must be JSON
 * @returns {string} the bundle
 * @throws {Error} if the sources cannot be built, with esbuild's messages
 */
function bundled(entry, options) {
    const json = JSON.stringify(options);
    const kind = digestOf(json).slice(0, 8);
    const file = provide(entry, `${encodeURIComponent(path.relative(ROOT, entry))}.${kind}.js`, json);
    const content = fs.readFileSync(file, "utf8");
    return content.slice(0, content.lastIndexOf(MANIFEST));
}

/** The file with a build of that name. */
function provide(entry, name, options) {
    const own = path.join(cacheFolder(), name);
    if (isCurrent(own)) {
        return own;
    }
    const temporary = path.join(temporaryFolder(), name);
    return isPrivate(temporaryFolder()) && isCurrent(temporary) ? temporary : write(build(entry, options), name);
}

/**
 * Runs a TypeScript file of this clone in this process. The stack trace of an error that ends it names the sources.
 * @param {string} entry its path
 * @returns {unknown} what it exports
 */
function load(entry) {
    const { mapStackTraces } = require("./stackTrace");
    // Only then, because it makes every stack trace slow, and the SDK of Pulumi looks at thousands.
    process.once("uncaughtExceptionMonitor", mapStackTraces);
    keepBytecode();
    return require(compiled(entry));
}

/**
 * From version 22.8 on, Node.js can keep the bytecode of the files that a process loads. It compares their content. A command that
 * evaluates the program takes a tenth less CPU time then.
 */
function keepBytecode() {
    require("node:module").enableCompileCache?.(path.join(cacheFolder(), "v8"));
}

/** Whether a file is a whole build, and everything that it was made of is unchanged. */
function isCurrent(file) {
    try {
        const content = fs.readFileSync(file);
        const end = content.lastIndexOf(MANIFEST);
        const { code, mapSize, state, inputs, folders } = JSON.parse(content.toString("utf8", end + MANIFEST.length));
        return (
            code === digestOf(content.subarray(0, end)) &&
            mapSize === fs.statSync(`${file}.map`).size &&
            state === stateOf(inputs, folders)
        );
    } catch {
        // The file, or one that it was made of, is missing or damaged.
        return false;
    }
}

/** A digest of everything that a build depends on. Times of files do not count: they can be older than a change. */
function stateOf(inputs, folders) {
    const hash = createHash("sha256").update(ROOT);
    for (const input of inputs) {
        // Not path.join, which would take a third of the time of this loop.
        const content = fs.readFileSync(`${ROOT}/${input}`);
        hash.update(`\0${input}\0${content.length}\0`).update(content);
    }
    // A new file can be what an import means from now on.
    for (const folder of folders) {
        const names = fs.readdirSync(path.join(ROOT, folder)).filter((each) => IMPORTABLE.test(each));
        hash.update(`\0${folder}\0${names.sort().join("/")}`);
    }
    return hash.digest("hex");
}

/** Builds an entry in a process of its own, because esbuild's plugins need an event loop. */
function build(entry, options) {
    const begun = Date.now();
    const { spawnSync } = require("node:child_process");
    // Options of the user's process, such as a debugger's, are not for this one.
    const env = { ...process.env, NODE_OPTIONS: "" };
    const args = [path.join(__dirname, "build.js"), entry, ...(options === undefined ? [] : [options])];
    const done = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: "utf8", maxBuffer: 2 ** 30 });
    if (done.status !== 0) {
        throw new Error(`${entry} cannot be compiled:\n${done.stderr?.trim() || done.error || done.signal}`);
    }
    const { code, map, inputs, folders } = JSON.parse(done.stdout);
    // What was changed during the build may be in it, or not. Such a build is used once. File systems round times.
    const changed = inputs.some((input) => fs.statSync(path.join(ROOT, input)).ctimeMs > begun - 20);
    const state = changed ? "" : stateOf(inputs, folders);
    const manifest = { code: digestOf(code), mapSize: Buffer.byteLength(map), state, inputs, folders };
    return { content: `${code}${MANIFEST}${JSON.stringify(manifest)}`, map };
}

/** Writes a build to the first folder that can be written. */
function write({ content, map }, name) {
    for (const make of [makeCacheFolder, makeTemporaryFolder, makeNewFolder]) {
        try {
            const file = path.join(make(), name);
            writeAtomically(`${file}.map`, map);
            writeAtomically(file, content);
            return file;
        } catch (error) {
            if (make === makeNewFolder) {
                throw error;
            }
            // Read-only, or another user's: the next folder.
        }
    }
}

function makeCacheFolder() {
    const folder = cacheFolder();
    fs.mkdirSync(folder, { recursive: true });
    try {
        removeOld(folder);
        removeOtherClones(path.dirname(folder));
    } catch {
        // Another process has removed the same.
    }
    return folder;
}

/** @throws {Error} if others could write there */
function makeTemporaryFolder() {
    const folder = temporaryFolder();
    fs.mkdirSync(folder, { mode: 0o700, recursive: true });
    if (!isPrivate(folder)) {
        throw new Error(`${folder} belongs to others`);
    }
    return folder;
}

/** Removed when this process ends. */
function makeNewFolder() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bookinfo-mesh-"));
    process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
    return folder;
}

/** The folder for builds of this clone. Copies of a clone may share their packages by a link, so each has its own. */
function cacheFolder() {
    return path.join(ROOT, "node_modules", ".cache", "bookinfo-mesh", encodeURIComponent(ROOT));
}

/** The folder for builds of a clone that this user cannot write. */
function temporaryFolder() {
    return path.join(os.tmpdir(), `bookinfo-mesh-${process.getuid?.() ?? "user"}-${digestOf(ROOT).slice(0, 8)}`);
}

/** Whether a folder is this user's, and nobody else can write there. On Windows, each user has a folder for temporary files. */
function isPrivate(folder) {
    const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
    const user = process.getuid?.();
    return stat?.isDirectory() === true && (user === undefined || (stat.uid === user && (stat.mode & 0o077) === 0));
}

/** Several processes may build the same at the same time. Each leaves a whole file. */
function writeAtomically(file, content) {
    const prepared = `${file}.${process.pid}`;
    try {
        fs.writeFileSync(prepared, content);
        fs.renameSync(prepared, file);
    } finally {
        fs.rmSync(prepared, { force: true });
    }
}

/** Removes builds of sources that are gone, and what killed builds have left. */
function removeOld(folder) {
    for (const name of fs.readdirSync(folder)) {
        const [, source = "", unfinished] = /^(.*?)(?:\.[0-9a-f]{8})?\.js(?:\.map)?(\.\d+)?$/.exec(name) ?? [];
        const file = path.join(folder, name);
        const exists = fs.existsSync(path.join(ROOT, decodeURIComponent(source)));
        if (!exists || (unfinished && fs.statSync(file).mtimeMs < Date.now() - ABANDONED)) {
            fs.rmSync(file, { force: true });
        }
    }
}

/** Removes builds of clones that are gone. */
function removeOtherClones(folder) {
    for (const name of fs.readdirSync(folder)) {
        if (name.startsWith("%2F") && !fs.existsSync(decodeURIComponent(name))) {
            fs.rmSync(path.join(folder, name), { recursive: true, force: true });
        }
    }
}

function digestOf(content) {
    return createHash("sha256").update(content).digest("hex");
}

module.exports = { bundled, compiled, keepBytecode, load };
