import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { filesBelow } from "../../shared/filesBelow";
import { cache } from "../paths";
import type { GoFamily } from "./goFamilies";
import { type Artifact, sourcesIn } from "./artifacts";
import { releaseOf } from "./releases";

/** Go's environment for every build. It has separate caches, and ignores the user's own settings of Go. */
const goEnvironment = {
    GOMODCACHE: cache.goModules,
    GOCACHE: cache.goBuild,
    // -modcacherw: without it, `rm -r` cannot remove the module cache.
    GOFLAGS: "-mod=readonly -modcacherw -trimpath -buildvcs=false",
    GOWORK: "off",
    GOENV: "off",
    GOOS: "linux",
    GOPATH: path.join(cache.go, "path"),
};

/**
 * The same for every family, because Go's cache keeps a package for each set of flags. Without debug information, which
 * the linker drops anyway (-s -w), the compiler needs a tenth less time and its cache a fifth less space. Without inlining (-l), it
 * needs a fifth less. Functions of Go's own packages are still inlined: they are compiled once, and every program runs them.
 */
const compilerFlags = ["-gcflags=all=-dwarf=false -l", "-gcflags=std=-dwarf=false"];

/** For every family, for the same reason. Istio's own build has it: Envoy's API without validators, half of its code. */
const commonTags = "disable_pgv";

/**
 * Runs the go command in the directory of a go.mod, with low priority: a cluster may already run beside it.
 * @returns its standard output
 */
export function go(
    module: string,
    args: readonly string[],
    onLine?: (line: string) => void,
    env: NodeJS.ProcessEnv = {},
): Promise<string> {
    return outputOf("nice", ["-n", "10", "go", ...args], {
        cwd: module,
        env: { ...process.env, ...goEnvironment, CGO_ENABLED: "0", ...env },
        onLine,
    });
}

/** Removes what only builds need: several GB of sources and compiled packages. */
export function removeGoCaches(): Promise<void> {
    return fs.promises.rm(cache.go, { recursive: true, force: true });
}

/** Removes the archives of modules that are unpacked: Go needs only the unpacked files. It saves about 1 GB. */
function removeArchives(): void {
    const downloads = path.join(cache.goModules, "cache", "download");
    if (!fs.existsSync(downloads)) {
        return; // the stand-in needs no module
    }
    for (const entry of fs.readdirSync(downloads, { recursive: true, encoding: "utf8" })) {
        if (entry.endsWith(".zip")) {
            fs.rmSync(path.join(downloads, entry));
        }
    }
}

/**
 * A day, in milliseconds. Go notes the use of a file in its cache by the file's time, but only if that is more than an hour
 * old. Files of more than five days it may remove itself (cmd/go/internal/cache).
 */
const UNUSED = 24 * 3600 * 1000;

/**
 * Removes from Go's caches what the builds of these families do not need: compiled packages, and sources of modules. Go
 * builds or downloads it again if something else needs it.
 */
export async function keepOnlyFor(families: readonly GoFamily[]): Promise<void> {
    if (!fs.existsSync(cache.goBuild) || !fs.existsSync(cache.goModules)) {
        return; // everything was downloaded, or is there already
    }
    const compiled = compiledFiles();
    const unused = new Date(Date.now() - UNUSED);
    compiled.forEach((file) => {
        fs.utimesSync(file, unused, unused);
    });
    const modules = new Set<string>();
    for (const family of families) {
        const list = ["list", "-deps", "-tags", tagsOf(family), "-f", "{{with .Module}}{{.Dir}}{{end}}"];
        const directories = await go(family.module, [...list, ...packagesOf(family)]);
        directories.split("\n").forEach((directory) => modules.add(directory));
        removeArchives();
        // A dry run looks for each package in the cache, and so marks it as used.
        await go(family.module, [
            "build",
            "-n",
            ...flagsOf(family),
            "-o",
            path.join(cache.go, "nothing") + path.sep,
            ...packagesOf(family),
        ]);
    }
    for (const file of compiled) {
        // Some file systems keep times to the second.
        if (fs.statSync(file).mtimeMs < unused.getTime() + 1000) {
            fs.rmSync(file);
        }
    }
    for (const directory of moduleDirectories(cache.goModules)) {
        if (!modules.has(directory)) {
            fs.rmSync(directory, { recursive: true });
        }
    }
}

/** The files of Go's build cache. Its README and trim.txt are no packages. */
function compiledFiles(): string[] {
    return filesBelow(cache.goBuild).filter((file) => /-[ad]$/.test(file));
}

/** The directories of unpacked modules: `example.org/module@v1.2.3`. Beside them, `cache` has what Go knows of modules. */
function moduleDirectories(directory: string): string[] {
    return fs
        .readdirSync(directory, { withFileTypes: true })
        .filter(
            (entry) => entry.isDirectory() && path.join(directory, entry.name) !== path.join(cache.goModules, "cache"),
        )
        .map((entry) => path.join(directory, entry.name))
        .flatMap((child) => (path.basename(child).includes("@") ? [child] : moduleDirectories(child)));
}

/** Go's files of a family's module that decide what is built: the modules' versions and hashes. */
export function moduleFiles(module: string): string[] {
    const known = readModules.get(module);
    if (known) {
        return known;
    }
    const texts = ["go.mod", "go.sum"]
        .map((file) => path.join(module, file))
        .filter((file) => fs.existsSync(file))
        .map((file) => fs.readFileSync(file, "utf8"));
    readModules.set(module, texts);
    return texts;
}

/** Most families share a module, so its files are read once. */
const readModules = new Map<string, string[]>();

/**
 * The artifact with the programs of a family.
 * @param env added to the environment of the build, such as where C finds its libraries
 */
export function goArtifact(family: GoFamily, env: NodeJS.ProcessEnv = {}): Artifact {
    const linkerFlags = linkerFlagsOf(family);
    const tags = tagsOf(family);
    const release = releaseOf(family.name);
    return {
        name: family.name,
        title: family.title,
        builtFrom: [
            ...moduleFiles(family.module),
            ...(family.sources === undefined ? [] : sourcesIn(family.sources)),
            JSON.stringify(family.programs),
            ...compilerFlags,
            linkerFlags,
            tags,
            JSON.stringify(release),
            process.arch,
        ],
        release,
        tools: family.needsC ? ["go", "c"] : ["go"],
        // Only the stand-in, whose module has no go.sum, needs no others.
        fillsCaches: moduleFiles(family.module).length > 1,
        async build(directory, report) {
            let compiled = 0;
            const onLine = (line: string) => {
                if (line.startsWith("go: downloading")) {
                    report(line.slice("go: ".length));
                } else if (/^[\w./~-]+$/.test(line)) {
                    compiled += 1;
                    report(`package ${compiled}: ${line}`);
                }
            };
            const packages = packagesOf(family);
            const output = path.join(directory, "target") + path.sep;
            await go(family.module, ["build", "-v", ...flagsOf(family), "-o", output, ...packages], onLine, {
                ...(family.needsC ? { CGO_ENABLED: "1" } : {}),
                ...env,
            });
            for (const goPackage of packages) {
                const names = Object.keys(family.programs).filter((name) => family.programs[name] === goPackage);
                placeProgram(path.join(output, builtName(goPackage)), directory, names);
            }
            fs.rmdirSync(output);
            removeArchives();
        },
    };
}

function linkerFlagsOf({ stamps = {} }: GoFamily): string {
    return ["-s", "-w", ...Object.entries(stamps).map(([name, text]) => `-X ${name}=${text}`)].join(" ");
}

function tagsOf({ tags }: GoFamily): string {
    return [commonTags, tags ?? []].flat().join(",");
}

/** The flags that decide what is compiled and linked. */
function flagsOf(family: GoFamily): string[] {
    return [...compilerFlags, "-tags", tagsOf(family), "-ldflags", linkerFlagsOf(family)];
}

/** The packages of a family's programs, each once. */
function packagesOf({ programs }: GoFamily): string[] {
    return [...new Set(Object.values(programs))];
}

/** Moves a built file to the name of its program. If several programs are in it, each of their names is a link to it. */
function placeProgram(built: string, directory: string, names: readonly string[]): void {
    const [only = "", ...more] = names;
    const file = more.length === 0 ? only : path.basename(built);
    fs.renameSync(built, path.join(directory, file));
    for (const name of names.filter((name) => name !== file)) {
        fs.symlinkSync(file, path.join(directory, name));
    }
}

/** The name that `go build` gives to the program of a package: the last element of its path that is not a major version. */
export function builtName(goPackage: string): string {
    const elements = goPackage.split("/");
    const last = elements.pop() ?? goPackage;
    return /^v[0-9]+$/.test(last) ? (elements.pop() ?? last) : last;
}
