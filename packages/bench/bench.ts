/** `npm run bench`: how long it takes, side by side with other ways, and whether that is within the limits. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Argument, Command } from "commander";
import pc from "picocolors";
import { version as sdk } from "@pulumi/pulumi/package.json";
import { version as provider } from "@pulumi/kubernetes/package.json";
import { runCommand } from "../cli/terminal/runCommand";
import { bringSandboxUp, sandboxObstacle, sandboxState, takeSandboxDown } from "../cli/sandbox";
import { type Engine, findEngine } from "../cli/engine/discovery";
import { UserError } from "../shared/errors";
import { wholeNumber } from "../cli/terminal/optionValues";
import { PROJECT_FOLDER, STATE_FOLDER } from "../shared/project";
import { measureDestroy, measureUp } from "./deployment";
import { measureGrowth } from "./growth";
import { describeMachine, load } from "./machine";
import { meshVersions } from "./mesh";
import { missedLines, report, type Run } from "./report";
import type { PartResult } from "./result";
import { withScratch } from "./scratch";
import { measureStart } from "./start";

type Measure = (engine: Engine, rounds: number, scratch: string, stop: AbortSignal) => Promise<PartResult>;

/** The parts, in the order of the report. */
const PARTS: Record<string, { measure: Measure; needsCluster: boolean }> = {
    up: { measure: measureUp, needsCluster: true },
    start: { measure: measureStart, needsCluster: true },
    destroy: { measure: measureDestroy, needsCluster: true },
    growth: { measure: measureGrowth, needsCluster: false },
};

/** The latest run of each part: a run of some parts leaves the others' results in the report. */
const RUNS_FILE = path.join(STATE_FOLDER, "bench.json");

interface Options {
    rounds: number;
    out: string;
}

async function bench(chosen: string[], { rounds, out }: Options, stop: AbortSignal): Promise<void> {
    const parts = Object.entries(PARTS).filter(([part]) => chosen.length === 0 || chosen.includes(part));
    const discovery = await findEngine(stop);
    if ("missing" in discovery) {
        throw new UserError(`nothing can be measured without Pulumi's engine: ${discovery.missing}`);
    }
    const needsCluster = parts.some(([, part]) => part.needsCluster);
    await withSandbox(needsCluster, stop, async () => {
        for (const [part, { measure }] of parts) {
            console.log(`${part}: ${rounds} rounds …`);
            const before = load();
            const result = await withScratch(tmpdir(), (scratch) => measure(discovery.engine, rounds, scratch, stop));
            keep({
                part,
                date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
                rounds,
                load: { before, after: load() },
                machine: describeMachine(),
                versions: { ...versionsOf(discovery.engine), ...(needsCluster && meshVersions()) },
                result,
            });
        }
    });

    const runs = readRuns();
    writeFileSync(out, `${report(runs)}\n`);
    console.log(`Written to ${path.relative(process.cwd(), out)}`);
    const measured = runs.filter((run) => parts.some(([part]) => part === run.part));
    const missed = missedLines(measured);
    if (missed.length > 0) {
        throw new UserError(`over the limit:\n${missed.map((line) => `  ${line}`).join("\n")}`);
    }
    console.log(pc.green("Everything is within its limits."));
}

/** Brings the sandbox up where it is not, and takes it down again in the end. */
async function withSandbox(needed: boolean, stop: AbortSignal, use: () => Promise<void>): Promise<void> {
    if (!needed) {
        await use();
        return;
    }
    const obstacle = sandboxObstacle();
    if (obstacle !== undefined) {
        throw new UserError(`${obstacle}; without it, only \`npm run bench -- growth\` can be measured`);
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

function versionsOf(engine: Engine): Record<string, string> {
    return {
        Pulumi: engine.version,
        "@pulumi/pulumi": sdk,
        "@pulumi/kubernetes": provider,
        "Node.js": process.version,
    };
}

function readRuns(): Run[] {
    const runs = existsSync(RUNS_FILE) ? (JSON.parse(readFileSync(RUNS_FILE, "utf8")) as Run[]) : [];
    return Object.keys(PARTS).flatMap((part) => runs.filter((run) => run.part === part));
}

function keep(run: Run): void {
    mkdirSync(STATE_FOLDER, { recursive: true, mode: 0o700 });
    writeFileSync(
        RUNS_FILE,
        JSON.stringify([...readRuns().filter(({ part }) => part !== run.part), run], undefined, 2),
    );
}

const program = new Command("npm run bench --")
    .description("Measures side by side, on the sandbox, and writes the results with their limits.")
    .addArgument(new Argument("[parts...]", "what to measure (default: everything)").choices(Object.keys(PARTS)))
    .option("--rounds <number>", "rounds of each part; ratios are those of the medians", wholeNumber(1, 100), 5)
    .option("--out <file>", "where to write the results", path.join(PROJECT_FOLDER, "docs", "benchmarks.md"))
    .action((parts: string[], options: Options) =>
        runCommand(
            (stop) => bench(parts, options, stop),
            "Stopped. What is left in the sandbox goes by `npm run sandbox -- down`.",
        ),
    );
void program.parseAsync();
