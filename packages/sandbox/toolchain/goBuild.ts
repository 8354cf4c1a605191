import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { cache } from "../paths";
import type { GoFamily } from "./goFamilies";
import { type Artifact, sourcesIn } from "./artifacts";

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
 * Runs the go command in a family's directory.
 * @returns its standard output
 */
export function go(
    family: GoFamily,
    args: readonly string[],
    onLine?: (line: string) => void,
    env: NodeJS.ProcessEnv = {},
) {
    return outputOf("go", args, {
        cwd: family.directory,
        env: { ...process.env, ...goEnvironment, CGO_ENABLED: family.needsC ? "1" : "0", ...env },
        onLine,
    });
}

/** Removes what only builds need: about 12 GB of sources and compiled packages. */
export function removeGoCaches(): Promise<void> {
    return fs.promises.rm(cache.go, { recursive: true, force: true });
}

/** Further inputs and steps of a family's build. */
export interface GoBuildOptions {
    /** Added to the environment of the build, such as where C finds its libraries. */
    env?: NodeJS.ProcessEnv;
    tags?: string;
    /** Runs in the new directory after the programs are built. */
    finish?: (directory: string) => Promise<void>;
}

/** The artifact with the programs of a family. */
export function goArtifact(family: GoFamily, options: GoBuildOptions = {}): Artifact {
    const linkerFlags = [
        "-s",
        "-w",
        ...Object.entries(family.stamps ?? {}).map(([name, text]) => `-X ${name}=${text}`),
    ].join(" ");
    return {
        name: family.name,
        title: family.title,
        builtFrom: [
            ...sourcesIn(family.directory),
            JSON.stringify(family.programs),
            linkerFlags,
            options.tags ?? "",
            String(options.finish),
            process.arch,
        ],
        async build(directory, report) {
            const packages = Object.values(family.programs);
            let all = 0;
            let compiled = 0;
            const onLine = (line: string) => {
                if (line.startsWith("go: downloading")) {
                    report(line.slice("go: ".length));
                } else if (all > 0 && /^[\w./~-]+$/.test(line)) {
                    compiled += 1;
                    report(`package ${compiled} of at most ${all}: ${line}`);
                }
            };
            report("looking for the packages that it needs");
            all = (await go(family, ["list", "-deps", ...packages], onLine)).trimEnd().split("\n").length;
            const target = path.join(directory, "target") + path.sep;
            const flags = ["-v", "-tags", options.tags ?? "", "-ldflags", linkerFlags, "-o", target];
            await go(family, ["build", ...flags, ...packages], onLine, options.env);
            // `go build` names a program after the last element of its package ("server" for etcd).
            for (const [program, goPackage] of Object.entries(family.programs)) {
                fs.renameSync(path.join(target, builtName(goPackage)), path.join(directory, program));
            }
            fs.rmdirSync(target);
            await options.finish?.(directory);
        },
    };
}

/** The name that `go build` gives to the program of a package: the last element of its path that is not a major version. */
export function builtName(goPackage: string): string {
    const elements = goPackage.split("/");
    const last = elements.pop() ?? goPackage;
    return /^v[0-9]+$/.test(last) ? (elements.pop() ?? last) : last;
}
