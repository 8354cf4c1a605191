import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../run";
import { cache } from "../paths";
import type { GoFamily } from "./goFamilies";
import { type Artifact, sourcesIn } from "./artifacts";

/** Go's environment for every build here: caches of our own, and nothing that a person's settings could change in the result. */
const goEnvironment = {
    GOMODCACHE: cache.goModules,
    GOCACHE: cache.goBuild,
    // Plain permissions in the module cache, so that `rm -r` removes it.
    GOFLAGS: "-mod=readonly -modcacherw -trimpath -buildvcs=false",
    GOWORK: "off",
    GOENV: "off",
    GOOS: "linux",
    GOPATH: path.join(cache.go, "path"),
};

/** Asks the go command, in a family's directory. */
export function go(
    family: GoFamily,
    args: readonly string[],
    onLine?: (line: string) => void,
    env: NodeJS.ProcessEnv = {},
) {
    return run("go", args, { cwd: family.directory, env: { ...goEnvironment, CGO_ENABLED: "0", ...env }, onLine });
}

/** Removes what only building needs, when everything is built: some 12 GB of sources and compiled packages. */
export function removeGoCaches(): Promise<void> {
    return fs.promises.rm(cache.go, { recursive: true, force: true });
}

/** What else a family's build does and depends on. */
export interface GoBuildOptions {
    /** Environment of the build, such as where C finds its libraries. */
    env?: NodeJS.ProcessEnv;
    tags?: string;
    /** Run in the new directory when the programs are there. */
    finish?: (directory: string) => Promise<void>;
}

/** A family as an artifact: its programs, named as the family names them. */
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
            report("finding out what it needs");
            const all = (
                await go(family, ["list", "-deps", ...packages], (line) => {
                    if (line.startsWith("go: downloading")) {
                        report(line.slice("go: ".length));
                    }
                })
            )
                .trimEnd()
                .split("\n").length;
            let compiled = 0;
            const target = path.join(directory, "target") + path.sep;
            await go(
                family,
                ["build", "-v", "-tags", options.tags ?? "", "-ldflags", linkerFlags, "-o", target, ...packages],
                (line) => {
                    if (line.startsWith("go: downloading")) {
                        report(line.slice("go: ".length));
                    } else if (/^[\w./~-]+$/.test(line)) {
                        compiled += 1;
                        report(`package ${compiled} of at most ${all}: ${line}`);
                    }
                },
                { ...(family.needsC ? { CGO_ENABLED: "1" } : {}), ...options.env },
            );
            // `go build` names a program after its package's last element ("server" for etcd's).
            for (const [program, goPackage] of Object.entries(family.programs)) {
                fs.renameSync(path.join(target, builtName(goPackage)), path.join(directory, program));
            }
            fs.rmdirSync(target);
            await options.finish?.(directory);
        },
    };
}

/** What `go build` calls the program of a package: the last element of its path that is not a major version. */
export function builtName(goPackage: string): string {
    const elements = goPackage.split("/");
    const last = elements.pop() ?? goPackage;
    return /^v[0-9]+$/.test(last) ? (elements.pop() ?? last) : last;
}
