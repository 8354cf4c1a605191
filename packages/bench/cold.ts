import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, statfsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { sandboxStatus } from "../cli/sandbox";
import { readRecord } from "../cli/stack/record";
import { run } from "../shared/childProcess";
import { Stopped, UserError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import { parseJson } from "../shared/json";
import { readOr } from "../shared/processId";
import { PROJECT_FOLDER, SANDBOX_STACK } from "../shared/project";
import { type PartResult, type Series, type Setting, type Unit, usual } from "./result";
import { treeCpu } from "./treeCpu";

/** Limits: CPU time in seconds until the page answers and for everything; disk space in MB (10^6 bytes). */
const LIMITS = { page: 21 * 60, everything: 34 * 60, disk: 8000 };

/** Time between two looks at the free disk space, in milliseconds. */
const DISK_INTERVAL = 1_000;

const COMMAND = path.join("packages", "cli", "bookinfo.js");

/** What `up` prints when the page answers. */
const PAGE_IS_UP = /^Bookinfo is up:/;

/** Measures `up` on the sandbox with empty caches, once: everything that a new machine builds and downloads. */
export async function measureCold({ scratch, stop }: Omit<Setting, "engine">): Promise<PartResult> {
    if ((await sandboxStatus(stop)).state !== "down" || readRecord(SANDBOX_STACK) !== undefined) {
        throw new UserError(
            `the sandbox is in use; the part "cold" starts one with empty caches: run \`${commandLine("down")}\` first`,
        );
    }
    const cache = path.join(scratch, "cache");
    mkdirSync(cache);
    const env = { ...process.env, XDG_CACHE_HOME: cache, NO_COLOR: "1", FORCE_COLOR: undefined };
    try {
        const { page, everything, disk } = await upFromNothing(env, cache, stop);
        const pageCpu = one("until the page answers: CPU time", "CPU s", page.cpu);
        const everythingCpu = one("everything, with the add-ons: CPU time", "CPU s", everything.cpu);
        const space = one("disk space at its highest", "MB", disk);
        return {
            title: "The first start",
            notes: [
                "`bookinfo up --rendered` with empty caches, once. CPU time is that of the command and of all that it runs, by the " +
                    "kernel's accounting, without the cluster's own services. A part in the list below is one program or group " +
                    "of programs; downloads, the images and the deployments are the rest.",
                ...originNote(cache),
            ],
            series: [
                pageCpu,
                one("until the page answers: time", "s", page.seconds),
                everythingCpu,
                one("everything, with the add-ons: time", "s", everything.seconds),
                space,
                ...partsIn(cache),
            ],
            checks: [
                usual("CPU time until the page answers", pageCpu, LIMITS.page),
                usual("CPU time of everything", everythingCpu, LIMITS.everything),
                usual("disk space at its highest", space, LIMITS.disk),
            ],
        };
    } finally {
        await run(process.execPath, [COMMAND, "down"], { cwd: PROJECT_FOLDER, env });
    }
}

interface Spent {
    cpu: number;
    seconds: number;
}

async function upFromNothing(env: NodeJS.ProcessEnv, cache: string, stop: AbortSignal) {
    const began = Date.now();
    const child = spawn(process.execPath, [COMMAND, "up", "--rendered"], {
        cwd: PROJECT_FOLDER,
        env,
        stdio: ["ignore", "pipe", "inherit"],
    });
    const interrupt = () => child.kill("SIGINT");
    stop.addEventListener("abort", interrupt, { once: true });
    const spent = (): Spent => ({ cpu: treeCpu(child.pid ?? 0), seconds: (Date.now() - began) / 1000 });

    let page: Spent | undefined;
    // The last figures before its end: after that, the kernel keeps none of the process.
    let everything = spent();
    const free = () => {
        const { bavail, bsize } = statfsSync(cache);
        return bavail * bsize;
    };
    const atFirst = free();
    let least = atFirst;
    const watch = setInterval(() => {
        least = Math.min(least, free());
        everything = child.exitCode === null ? spent() : everything;
    }, DISK_INTERVAL);
    createInterface({ input: child.stdout }).on("line", (line) => {
        console.log(`  ${line}`);
        if (PAGE_IS_UP.test(line)) {
            page ??= spent();
        }
    });
    const [code] = (await once(child, "close")) as [number | null];
    clearInterval(watch);
    stop.removeEventListener("abort", interrupt);
    if (stop.aborted) {
        throw new Stopped();
    }
    if (code !== 0 || page === undefined) {
        throw new UserError("`up` failed; see the messages above");
    }
    return { page, everything, disk: (atFirst - least) / 1e6 };
}

interface Provenance {
    origin: string;
    seconds: number;
    cpuSeconds: number;
}

/** Each part of the sandbox's toolchain, by the name of its directory, in the order of their builds. */
function provenances(cache: string): [string, Provenance][] {
    const folder = path.join(cache, "bookinfo-mesh", "artifacts");
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.flatMap((name) => {
        const found = parseJson(readOr(path.join(folder, name, "provenance.json"), "")) as Provenance | undefined;
        return found ? [[name.replace(/-[0-9a-f]+$/, ""), found]] : [];
    });
}

function partsIn(cache: string): Series[] {
    return provenances(cache)
        .sort(([, a], [, b]) => b.cpuSeconds - a.cpuSeconds)
        .map(([name, { cpuSeconds }]) => one(name, "CPU s", cpuSeconds));
}

function originNote(cache: string): string[] {
    const downloaded = provenances(cache).filter(([, { origin }]) => origin === "released");
    return downloaded.length === 0
        ? ["No release host and no registry answered, so everything was built."]
        : [`Downloaded, not built: ${downloaded.map(([name]) => name).join(", ")}.`];
}

function one(label: string, unit: Unit, value: number): Series {
    return { label, unit, samples: [value] };
}
