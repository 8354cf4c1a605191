import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
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
 * the linker drops anyway (-s -w), the compiler needs a tenth less time and its cache a fifth less space.
 */
const compilerFlags = "-gcflags=all=-dwarf=false";

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
    for (const entry of fs.readdirSync(downloads, { recursive: true, encoding: "utf8" })) {
        if (entry.endsWith(".zip")) {
            fs.rmSync(path.join(downloads, entry));
        }
    }
}

/** Go's files of a family's module that decide what is built: the modules' versions and hashes. */
export function moduleFiles(module: string): string[] {
    return ["go.mod", "go.sum"]
        .map((file) => path.join(module, file))
        .filter((file) => fs.existsSync(file))
        .map((file) => fs.readFileSync(file, "utf8"));
}

/**
 * The artifact with the programs of a family.
 * @param env added to the environment of the build, such as where C finds its libraries
 */
export function goArtifact(family: GoFamily, env: NodeJS.ProcessEnv = {}): Artifact {
    const linkerFlags = [
        "-s",
        "-w",
        ...Object.entries(family.stamps ?? {}).map(([name, text]) => `-X ${name}=${text}`),
    ].join(" ");
    const tags = [commonTags, family.tags ?? []].flat().join(",");
    const release = releaseOf(family.name);
    return {
        name: family.name,
        title: family.title,
        builtFrom: [
            ...moduleFiles(family.module),
            ...(family.sources === undefined ? [] : sourcesIn(family.sources)),
            JSON.stringify(family.programs),
            compilerFlags,
            linkerFlags,
            tags,
            JSON.stringify(release),
            process.arch,
        ],
        release,
        tools: family.needsC ? ["go", "c"] : ["go"],
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
            const packages = [...new Set(Object.values(family.programs))];
            const output = path.join(directory, "target") + path.sep;
            const flags = ["-v", compilerFlags, "-tags", tags, "-ldflags", linkerFlags, "-o", output];
            await go(family.module, ["build", ...flags, ...packages], onLine, {
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
