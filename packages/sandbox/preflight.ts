import * as fs from "node:fs";
import * as path from "node:path";
import { findExecutable, outputOf, searchPath } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { writableByOthers } from "../shared/privateFiles";
import { commandLine } from "../shared/invocation";
import { cache, live } from "./paths";
import type { Artifact, BuildTool } from "./toolchain/artifacts";

/** Disk space in GB (10^9 bytes): to build with Go, whose caches are removed afterwards; to run the sandbox. */
const diskNeeded = { goBuild: 8, toRun: 3, live: 0.5 };

/** Commands of the machine that the sandbox uses, and the Debian package of each. */
const commandsToRun = { unshare: "util-linux", nsenter: "util-linux", mount: "mount", ip: "iproute2", tar: "tar" };
const commandsToBuild: Readonly<Record<BuildTool, Readonly<Record<string, string>>>> = {
    go: {}, // assertGo() checks its version too
    c: { gcc: "gcc libc6-dev" },
    apt: { "apt-get": "apt", "dpkg-deb": "dpkg" },
    pip: { python3: "python3 python3-pip" },
    npm: { npm: "npm" },
};

/** The oldest Go that the toolchain's modules accept (toolchain/go.mod). */
const oldestGo = [1, 26, 3];

/**
 * Checks the machine before anything is changed.
 * @param toBuild what is not downloaded
 * @throws UserError with what is missing and what to do
 */
export async function preflight(toBuild: readonly Artifact[]): Promise<void> {
    assertLinuxRoot();
    assertOwnCache(cache.root);
    assertCommands(commandsToRun);
    const tools = new Set(toBuild.flatMap((artifact) => artifact.tools));
    assertCommands(Object.assign({}, ...[...tools].map((tool) => commandsToBuild[tool])) as Record<string, string>);
    if (tools.has("go")) {
        await assertGo();
    }
    if (tools.has("pip")) {
        await assertPip();
    }
    const toRun = diskNeeded.toRun + (toBuild.some(({ fillsCaches }) => fillsCaches) ? diskNeeded.goBuild : 0);
    assertDiskSpace(cache.root, toRun, "free some space, or choose another place with XDG_CACHE_HOME");
    assertDiskSpace(path.dirname(live.root), diskNeeded.live, "free some space");
}

/** @throws UserError if the sandbox can never run here */
export function assertLinuxRoot(): void {
    const remedy = `use your own cluster: ${commandLine("up", ["--context", "NAME"])}`;
    if (process.platform !== "linux") {
        throw new UserError(`the sandbox needs Linux, but this machine has ${process.platform}; ${remedy}`);
    }
    if (process.getuid?.() !== 0) {
        throw new UserError(
            "the sandbox needs root, because it makes namespaces, mounts and control groups; " +
                `run it with sudo, or ${remedy}`,
        );
    }
}

/** @throws UserError if another user than root can put programs into the cache, which root would run */
export function assertOwnCache(folder: string): void {
    const place = writableByOthers(folder);
    if (place !== undefined) {
        throw new UserError(
            `root runs programs of the cache ${folder}, and others than root can write to ${place}; ` +
                "set XDG_CACHE_HOME to a folder of root, such as /var/cache",
        );
    }
}

function assertCommands(commands: Readonly<Record<string, string>>): void {
    const missing = Object.keys(commands).filter((command) => !findExecutable(command, searchPath()));
    if (missing.length > 0) {
        const packages = [...new Set(missing.map((command) => commands[command]))].join(" ");
        throw new UserError(`${missing.join(" and ")} not found on PATH; on Debian: apt-get install ${packages}`);
    }
}

async function assertGo(): Promise<void> {
    const remedy = `install Go ${oldestGo.join(".")} or newer: https://go.dev/dl/`;
    if (!findExecutable("go", searchPath())) {
        throw new UserError(`go not found on PATH (sudo may shorten PATH); ${remedy}`);
    }
    const answer = await outputOf("go", ["env", "GOVERSION", "GOTOOLCHAIN"]);
    if (!isGoEnough(answer)) {
        throw new UserError(`${answer.split("\n")[0] ?? ""} is too old; ${remedy}`);
    }
}

/**
 * Whether a Go can build the toolchain. It is new enough itself, or it downloads the version that a module needs: Go 1.21
 * and newer do that unless GOTOOLCHAIN is `local`.
 * @param answer of `go env GOVERSION GOTOOLCHAIN`: a line each
 */
export function isGoEnough(answer: string): boolean {
    const [version = "", toolchain = ""] = answer.split("\n");
    const digits = /^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)?.slice(1) ?? [];
    const found = digits.map((text) => Number(text || 0));
    const rank = ([major = 0, minor = 0, patch = 0]: number[]) => major * 1e6 + minor * 1e3 + patch;
    const isAtLeast = (oldest: number[]) => rank(found) >= rank(oldest);
    return isAtLeast(oldestGo) || (isAtLeast([1, 21, 0]) && !toolchain.startsWith("local"));
}

async function assertPip(): Promise<void> {
    await outputOf("python3", ["-m", "pip", "--version"]).catch(() => {
        throw new UserError("Python's pip is missing; on Debian: apt-get install python3-pip");
    });
}

function assertDiskSpace(directory: string, needed: number, remedy: string): void {
    fs.mkdirSync(directory, { recursive: true });
    const { bavail, bsize } = fs.statfsSync(directory);
    const free = (bavail * bsize) / 1e9;
    if (free < needed) {
        throw new UserError(
            `${directory} has ${free.toFixed(1)} GB free, and the sandbox needs ${needed.toFixed(1)} GB there; ${remedy}`,
        );
    }
}
