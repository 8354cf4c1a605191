/** `npm run bench`: measures this program side by side with others, and checks the results against limits. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Argument, Command } from "commander";
import pc from "picocolors";
import { version as sdk } from "@pulumi/pulumi/package.json";
import { version as provider } from "@pulumi/kubernetes/package.json";
import { runCommand } from "../cli/terminal/runCommand";
import { bringSandboxUp, sandboxObstacle, sandboxState, takeSandboxDown } from "../cli/sandbox";
import { findEngine } from "../cli/engine/discovery";
import { UserError } from "../shared/errors";
import { commandLine, invocationOf } from "../shared/invocation";
import { wholeNumber } from "../cli/terminal/optionValues";
import { PROJECT_FOLDER, STATE_FOLDER } from "../shared/project";
import { measureDestroy, measureUp } from "./deployment";
import { measureGrowth } from "./growth";
import { describeMachine, load } from "./machine";
import { istioVersion } from "./mesh";
import { missedLines, report, type Run } from "./report";
import type { PartResult, Setting } from "./result";
import { measureStart } from "./start";

/** The parts, in the order of the report. */
const PARTS: Record<string, { measure: (setting: Setting) => Promise<PartResult>; needsCluster: boolean }> = {
    up: { measure: measureUp, needsCluster: true },
    start: { measure: measureStart, needsCluster: true },
    destroy: { measure: measureDestroy, needsCluster: true },
    growth: { measure: measureGrowth, needsCluster: false },
};

/** The latest run of each part. A run of some parts keeps the results of the others in the report. */
const RUNS_FILE = path.join(STATE_FOLDER, "bench.json");

interface Options {
    rounds: number;
    out: string;
}

async function bench(chosen: string[], { rounds, out }: Options, stop: AbortSignal): Promise<void> {
    const parts = Object.entries(PARTS).filter(([part]) => chosen.length === 0 || chosen.includes(part));
    const discovery = await findEngine(stop);
    if ("missing" in discovery) {
        throw new UserError(`the benchmark needs Pulumi's engine: ${discovery.missing}`);
    }
    const { engine } = discovery;
    const needsCluster = parts.some(([, part]) => part.needsCluster);
    const measureParts = async () => {
        for (const [part, { measure }] of parts) {
            console.log(`${part}: ${rounds} rounds …`);
            const before = load();
            const scratch = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-bench-"));
            let result: PartResult;
            try {
                result = await measure({ engine, rounds, scratch, stop });
            } finally {
                rmSync(scratch, { recursive: true, force: true });
            }
            keep({
                part,
                date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
                rounds,
                load: { before, after: load() },
                machine: describeMachine(),
                versions: {
                    Pulumi: engine.version,
                    "@pulumi/pulumi": sdk,
                    "@pulumi/kubernetes": provider,
                    "Node.js": process.version,
                    ...(needsCluster && { Istio: istioVersion() }),
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
            `${obstacle}; without it, run \`${commandLine("bench", ["growth"])}\`, the only part that needs no cluster`,
        );
    }
    const wasUp = (await sandboxState(stop)) === "up";
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
    return Object.keys(PARTS).flatMap((part) => runs.filter((run) => run.part === part));
}

function keep(run: Run): void {
    mkdirSync(STATE_FOLDER, { recursive: true, mode: 0o700 });
    const runs = [...readRuns().filter(({ part }) => part !== run.part), run];
    writeFileSync(RUNS_FILE, JSON.stringify(runs, undefined, 2));
}

const program = new Command(invocationOf("bench"))
    .description(
        "Measures this program side by side with others on the sandbox, and writes the results with their limits.",
    )
    .addArgument(new Argument("[parts...]", "the parts to measure (default: all)").choices(Object.keys(PARTS)))
    .option("--rounds <number>", "rounds of each part; the ratios compare medians", wholeNumber(1, 100), 5)
    .option("--out <file>", "file for the results", path.join(PROJECT_FOLDER, "docs", "benchmarks.md"))
    .action((parts: string[], options: Options) =>
        runCommand(
            (stop) => bench(parts, options, stop),
            `Stopped. To remove what is left, remove the sandbox with \`${commandLine("sandbox", ["down"])}\`.`,
        ),
    );
void program.parseAsync();
