import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./run";
import { UserError } from "../shared/errors";
import { cache, live } from "./paths";
import { isBuilt, type Artifact } from "./toolchain/artifacts";

/** Disk space in GB (10^9 bytes): for each artifact that is still to be built, Go's caches included, and to run the sandbox. */
const diskNeeded = { perBuild: 1.2, toRun: 3, live: 0.5 };

/** Commands of the machine that the sandbox uses, and the Debian package that has each. */
const commandsToRun = { unshare: "util-linux", nsenter: "util-linux", mount: "mount", ip: "iproute2", tar: "tar" };
const commandsToBuild = {
    gcc: "gcc libc6-dev",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    python3: "python3 python3-pip",
    npm: "npm",
};

/** The oldest Go that the toolchain's modules accept (containerd's go.mod). */
const oldestGo = [1, 26, 6] as const;

/**
 * Checks what can be known before anything is changed.
 *
 * @throws UserError with one sentence: what is missing, and what to do.
 */
export async function preflight(artifacts: readonly Artifact[]): Promise<void> {
    assertLinuxRoot();
    const toBuild = artifacts.filter((artifact) => !isBuilt(artifact));
    assertCommands(commandsToRun);
    if (toBuild.length > 0) {
        assertCommands(commandsToBuild);
        await assertGo();
        await assertPip();
    }
    const toRun = diskNeeded.toRun + diskNeeded.perBuild * toBuild.length;
    assertDiskSpace(cache.root, toRun, "free some, or choose another place with XDG_CACHE_HOME");
    assertDiskSpace(path.dirname(live.root), diskNeeded.live, "free some");
}

/** @throws UserError where the sandbox can never run. */
export function assertLinuxRoot(): void {
    if (process.platform !== "linux") {
        throw new UserError(
            `the sandbox needs Linux, and this is ${process.platform}; name a cluster of your own: npm run up -- --context NAME`,
        );
    }
    if (process.getuid?.() !== 0) {
        throw new UserError(
            "the sandbox needs root, to make namespaces, mounts and control groups; run it by sudo, " +
                "or name a cluster of your own: npm run up -- --context NAME",
        );
    }
}

function assertCommands(commands: Readonly<Record<string, string>>): void {
    const missing = Object.keys(commands).filter((command) => !isOnPath(command));
    if (missing.length > 0) {
        const packages = [...new Set(missing.map((command) => commands[command]))].join(" ");
        throw new UserError(`${missing.join(" and ")} not found on PATH; on Debian: apt-get install ${packages}`);
    }
}

function isOnPath(command: string): boolean {
    return (process.env.PATH ?? "").split(path.delimiter).some((directory) => {
        try {
            fs.accessSync(path.join(directory, command), fs.constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

async function assertGo(): Promise<void> {
    const wanted = oldestGo.join(".");
    if (!isOnPath("go")) {
        throw new UserError(
            `go not found on PATH (sudo may shorten it); install Go ${wanted} or newer: https://go.dev/dl/`,
        );
    }
    const answer = await run("go", ["env", "GOVERSION", "GOTOOLCHAIN"]);
    if (!isGoEnough(answer)) {
        const found = answer.split("\n")[0] ?? "";
        throw new UserError(`${found} is too old; install Go ${wanted} or newer: https://go.dev/dl/`);
    }
}

/**
 * Whether a Go builds the toolchain: it is new enough itself, or it fetches the toolchain that a module asks for (Go 1.21 and newer do
 * unless GOTOOLCHAIN is `local`).
 *
 * @param answer of `go env GOVERSION GOTOOLCHAIN`: a line each
 */
export function isGoEnough(answer: string): boolean {
    const [version = "", toolchain = ""] = answer.split("\n");
    const numbers =
        /^go(\d+)\.(\d+)(?:\.(\d+))?/
            .exec(version)
            ?.slice(1)
            .map((digits) => Number(digits || 0)) ?? [];
    const isAtLeast = (oldest: readonly number[]) => {
        const differing = oldest.findIndex((number, i) => (numbers[i] ?? 0) !== number);
        return differing === -1 || (numbers[differing] ?? 0) > (oldest[differing] ?? 0);
    };
    return isAtLeast(oldestGo) || (isAtLeast([1, 21, 0]) && !toolchain.startsWith("local"));
}

async function assertPip(): Promise<void> {
    await run("python3", ["-m", "pip", "--version"]).catch(() => {
        throw new UserError("Python's pip is missing; on Debian: apt-get install python3-pip");
    });
}

function assertDiskSpace(directory: string, gigabytes: number, remedy: string): void {
    fs.mkdirSync(directory, { recursive: true });
    const { bavail, bsize } = fs.statfsSync(directory);
    const free = (bavail * bsize) / 1e9;
    if (free < gigabytes) {
        throw new UserError(
            `${directory} has ${free.toFixed(1)} GB free, and the sandbox needs ${gigabytes.toFixed(1)} GB there; ${remedy}`,
        );
    }
}
