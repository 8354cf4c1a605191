"use strict";
// The process that builds one entry. Its arguments are the entry's path and, for a bundle that is not for Node.js processes of
// this clone, esbuild's options as JSON. It prints a JSON object: the code, its source map, and what they were made of.
const { existsSync, readFileSync } = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const esbuild = require("esbuild");

const ROOT = path.resolve(__dirname, "../..");

/** The SDK of Pulumi keeps its state in its modules, so a process must have them once. esbuild and tsx read their folders. */
const SEPARATE = ["@pulumi/*", "esbuild", "tsx"];

/** A folder is not one of this clone's sources if these are in its path. */
const OTHERS = new Set(["node_modules", ".."]);

/** What every build depends on: this code, esbuild, and the versions of all installed packages. */
const ALWAYS = [
    ...["compiled.js", "build.js"].map((name) => path.join(__dirname, name)),
    require.resolve("esbuild/package.json"),
    path.join(ROOT, "node_modules", ".package-lock.json"),
];

/** Sources of this clone keep their own paths. */
const paths = {
    name: "paths of sources",
    setup({ onLoad }) {
        onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
            const text = readFileSync(file, "utf8");
            const needed = { __dirname: path.dirname(file), __filename: file };
            const names = Object.keys(needed).filter((name) => text.includes(name));
            // In the first line, so that the numbers of all lines stay.
            const constants = names.map((name) => `const ${name} = ${JSON.stringify(needed[name])};`).join("");
            return { contents: constants + text, loader: "ts" };
        });
    },
};

/** This folder's modules, and packages that are imported only when they are needed, are loaded from their own places. */
const separate = {
    name: "separate modules",
    setup({ onResolve, resolve }) {
        onResolve({ filter: /\/compile\// }, ({ path: name, resolveDir }) => {
            const file = path.resolve(resolveDir, name);
            return path.dirname(file) === __dirname ? { path: file, external: true } : undefined;
        });
        onResolve({ filter: /^[^./]/ }, async ({ path: name, kind, pluginData, ...from }) => {
            if (kind !== "dynamic-import" || pluginData === separate || name.startsWith("node:")) {
                return undefined;
            }
            const found = await resolve(name, { ...from, kind, pluginData: separate });
            return found.errors.length > 0 || found.external
                ? found
                : { path: pathToFileURL(found.path).href, external: true };
        });
    },
};

/**
 * The Kubernetes client's generated classes are nine tenths of it, and nothing here uses them: `KubeConfig` only for clients
 * of these classes. An import of any other name is an error of the build.
 */
const withoutGenerated = {
    name: "Kubernetes client without generated classes",
    setup({ onResolve, onLoad }) {
        const namespace = "left-out";
        onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ path: name, importer }) =>
            importer.includes(path.join("@kubernetes", "client-node", "dist")) ? { path: name, namespace } : undefined,
        );
        onLoad({ filter: /./, namespace }, () => ({
            contents: `
                const leftOut = () => { throw new Error("the generated classes of the Kubernetes client are left out here"); };
                export { leftOut as createConfiguration, leftOut as ServerConfiguration };`,
        }));
    },
};

/** The options for `compiled`. */
function forThisClone(entry) {
    return {
        platform: "node",
        format: "cjs",
        target: "node20.20",
        // Packages have their ES modules for bundlers: what is not used of these is left out.
        mainFields: ["module", "main"],
        external: SEPARATE,
        plugins: [paths, separate, withoutGenerated],
        // Imports that stay are resolved as the entry would resolve them.
        banner: { js: `require = require("node:module").createRequire(${JSON.stringify(entry)});` },
        sourcemap: "external",
        sourcesContent: false,
        sourceRoot: ROOT,
        legalComments: "none",
    };
}

async function main(entry, options) {
    const { outputFiles, metafile } = await esbuild.build({
        ...(options === undefined ? forThisClone(entry) : JSON.parse(options)),
        absWorkingDir: ROOT,
        entryPoints: [entry],
        outfile: path.join(ROOT, "out.js"),
        bundle: true,
        write: false,
        metafile: true,
        logLevel: "error",
        logLimit: 0,
        // The project's settings are for type checks.
        tsconfigRaw: {},
    });
    const inputs = Object.keys(metafile.inputs).filter((input) => existsSync(path.join(ROOT, input)));
    const above = new Set(inputs.flatMap(foldersAbove));
    const packages = [...above].map((folder) => path.join(folder, "package.json"));
    // Packages can be outside of the clone, by a link. What else is there, such as temporary files, does not matter.
    const own = [...above].filter((folder) => !folder.split(path.sep).some((name) => OTHERS.has(name)));
    const nested = own.map((folder) => path.join(folder, "node_modules"));
    const textOf = (file) => outputFiles.find((each) => each.path === path.join(ROOT, file))?.text ?? "";
    const result = {
        code: textOf("out.js"),
        map: textOf("out.js.map"),
        inputs: [...inputs, ...present(packages), ...ALWAYS.map((file) => path.relative(ROOT, file)).filter(isPresent)],
        folders: [...own, ...present(nested)],
    };
    process.stdout.write(JSON.stringify(result));
}

/** The folders that a file is in, up to the root of the clone. All are relative to it. */
function foldersAbove(file) {
    const folder = path.dirname(file);
    return folder === "." ? [folder] : [folder, ...foldersAbove(folder)];
}

function present(files) {
    return files.filter(isPresent);
}

function isPresent(file) {
    return existsSync(path.join(ROOT, file));
}

main(...process.argv.slice(2)).catch((error) => {
    // esbuild has printed its own messages.
    if (error.errors === undefined) {
        console.error(error);
    }
    process.exitCode = 1;
});
