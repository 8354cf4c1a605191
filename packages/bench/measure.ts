import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pc from "picocolors";
import { version as provider } from "@pulumi/kubernetes/package.json";
import { version as sdk } from "@pulumi/pulumi/package.json";
import { type Engine, findEngine } from "../cli/engine/discovery";
import { bringSandboxUp, sandboxObstacle, sandboxStatus, takeSandboxDown } from "../cli/sandbox";
import { runCommand } from "../cli/terminal/runCommand";
import { UserError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import { makePrivateFolder } from "../shared/privateFiles";
import { STATE_FOLDER } from "../shared/project";
import { measureCold } from "./cold";
import { measureCommands } from "./commands";
import { measureDestroy, measureUp } from "./deployment";
import { measureGrowth } from "./growth";
import { describeMachine, load } from "./machine";
import { istioVersion } from "./mesh";
import { PART_NAMES, type PartName } from "./partNames";
import { missedLines, report, type Run } from "./report";
import type { PartResult, Setting } from "./result";
import { measureStart } from "./start";

type Part = {
    /** Whether it needs the sandbox with nothing deployed to it. */
    needsCluster: boolean;
    /** Whether it is measured only if it is named, and once, because it takes half an hour. */
    onlyIfNamed?: true;
} & (
    | { needsEngine: true; measure: (setting: Setting) => Promise<PartResult> }
    | { needsEngine: false; measure: (setting: Omit<Setting, "engine">) => Promise<PartResult> }
);

const PARTS: Record<PartName, Part> = {
    up: { measure: measureUp, needsCluster: true, needsEngine: true },
    start: { measure: measureStart, needsCluster: true, needsEngine: true },
    destroy: { measure: measureDestroy, needsCluster: true, needsEngine: true },
    growth: { measure: measureGrowth, needsCluster: false, needsEngine: true },
    commands: { measure: measureCommands, needsCluster: false, needsEngine: false },
    cold: { measure: measureCold, needsCluster: false, needsEngine: false, onlyIfNamed: true },
};

/** The latest run of each part. A run of some parts keeps the results of the others in the report. */
const RUNS_FILE = path.join(STATE_FOLDER, "bench.json");

export interface BenchOptions {
    rounds: number;
    out: string;
}

/** Runs the benchmark to its end, and exits. */
export function bench(parts: string[], options: BenchOptions): Promise<void> {
    return runCommand(
        (stop) => measureAndReport(parts, options, stop),
        `Stopped. To remove what is left, remove the sandbox with \`${commandLine("sandbox", ["down"])}\`.`,
    );
}

async function measureAndReport(chosen: string[], { rounds, out }: BenchOptions, stop: AbortSignal): Promise<void> {
    const isChosen = (part: PartName) => (chosen.length === 0 ? !PARTS[part].onlyIfNamed : chosen.includes(part));
    const parts = PART_NAMES.filter(isChosen).map((part) => [part, PARTS[part]] as const);
    // Found before the sandbox is started.
    const engine = parts.some(([, part]) => part.needsEngine) ? await requireEngine(stop) : undefined;
    const needsCluster = parts.some(([, part]) => part.needsCluster);
    const measureParts = async () => {
        for (const [name, part] of parts) {
            console.log(part.onlyIfNamed ? `${name}: once …` : `${name}: ${rounds} rounds …`);
            const before = load();
            const scratch = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-bench-"));
            let result: PartResult;
            try {
                const setting = { rounds, scratch, stop };
                result = part.needsEngine
                    ? await part.measure({ ...setting, engine: engine ?? (await requireEngine(stop)) })
                    : await part.measure(setting);
            } finally {
                rmSync(scratch, { recursive: true, force: true });
            }
            keep({
                part: name,
                date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
                rounds: part.onlyIfNamed ? 1 : rounds,
                load: { before, after: load() },
                machine: describeMachine(),
                versions: {
                    ...(part.needsEngine && {
                        Pulumi: engine?.version ?? "",
                        "@pulumi/pulumi": sdk,
                        "@pulumi/kubernetes": provider,
                    }),
                    "Node.js": process.version,
                    ...(part.needsCluster && { Istio: istioVersion() }),
                },
                result,
            });
        }
    };
    await (needsCluster ? withSandbox(stop, measureParts) : measureParts());

    const runs = readRuns();
    writeFileSync(out, `${report(runs)}\n`);
    console.log(`Written to ${path.relative(process.cwd(), out)}`);
    const measured = runs.filter((run) => parts.some(([part]) => part === run.part));
    const missed = missedLines(measured);
    if (missed.length > 0) {
        throw new UserError(`these figures are over their limits:\n${missed.map((line) => `  ${line}`).join("\n")}`);
    }
    console.log(pc.green("All figures are within their limits."));
}

/** Starts the sandbox if it does not run, and removes it again at the end. */
async function withSandbox(stop: AbortSignal, use: () => Promise<void>): Promise<void> {
    const obstacle = sandboxObstacle();
    if (obstacle !== undefined) {
        throw new UserError(
            `${obstacle}; without it, run \`${commandLine("bench", ["growth", "commands"])}\`, the parts that need no cluster`,
        );
    }
    const wasUp = (await sandboxStatus(stop)).state === "up";
    await bringSandboxUp(stop);
    try {
        await use();
    } finally {
        if (!wasUp) {
            await takeSandboxDown();
        }
    }
}

function readRuns(): Run[] {
    const runs = existsSync(RUNS_FILE) ? (JSON.parse(readFileSync(RUNS_FILE, "utf8")) as Run[]) : [];
    return PART_NAMES.flatMap((part) => runs.filter((run) => run.part === part));
}

function keep(run: Run): void {
    makePrivateFolder(STATE_FOLDER);
    const runs = [...readRuns().filter(({ part }) => part !== run.part), run];
    writeFileSync(RUNS_FILE, JSON.stringify(runs, undefined, 2));
}

async function requireEngine(stop: AbortSignal): Promise<Engine> {
    const discovery = await findEngine(stop);
    if ("missing" in discovery) {
        throw new UserError(
            `the benchmark needs Pulumi's engine: ${discovery.missing}; without it, run ` +
                `\`${commandLine("bench", ["commands"])}\`, the only part that needs no engine`,
        );
    }
    return discovery.engine;
}
