import type { Machine } from "./machine";
import { type Check, median, type PartResult, passes, type Unit } from "./result";

/** The result of a part, and the conditions of its run. */
export interface Run {
    part: string;
    date: string;
    rounds: number;
    /** Load average of the machine, before the run and at its end. */
    load: { before: number; after: number };
    machine: Machine;
    /** By the name of the software. */
    versions: Record<string, string>;
    result: PartResult;
}

/** The runs as a Markdown page. */
export function report(runs: readonly Run[]): string {
    const summary = runs.flatMap(({ result }) => result.checks.map((check) => [result.title, ...checkCells(check)]));
    return [
        "# Benchmarks",
        "`npm run bench` writes this page. In one run of a part, it measures both sides of each ratio in turn. Times depend on the " +
            "machine and on what else runs on it, as the load average shows. The ratios are what counts.",
        table(["part", "figure", "value", "limit", ""], summary),
        ...runs.map(section),
    ].join("\n\n");
}

/** A line for each figure that is over its limit. */
export function missedLines(runs: readonly Run[]): string[] {
    return runs.flatMap(({ result }) =>
        result.checks
            .filter((check) => !passes(check))
            .map((check) => `${result.title}: ${check.what} is ${shown(check.value, check.unit)}, over ${check.limit}`),
    );
}

function section({ date, rounds, load, machine, versions, result }: Run): string {
    const { cpu, cores, memory, os } = machine;
    const stamped = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    return [
        `## ${result.title}`,
        ...result.notes,
        table(
            ["measured", "median", "each round"],
            result.series.map(({ label, unit, samples }) => [
                label,
                shown(median(samples), unit),
                samples.map((sample) => rounded(sample, unit)).join(", "),
            ]),
        ),
        table(["figure", "value", "limit", ""], result.checks.map(checkCells)),
        `${date}, ${rounds} ${rounds === 1 ? "round" : "rounds"}; ${cpu}, ${cores} cores, ${memory} GiB, ${os}; ${stamped.join(", ")}; load average ` +
            `${load.before.toFixed(1)} before and ${load.after.toFixed(1)} at the end.`,
    ].join("\n\n");
}

function checkCells(check: Check): string[] {
    const limit = check.unit === "times" ? String(check.limit) : `${check.limit} ${check.unit}`;
    return [check.what, shown(check.value, check.unit), limit, passes(check) ? "passed" : "**missed**"];
}

function shown(value: number, unit: Unit | "times"): string {
    return unit === "times" ? rounded(value, unit) : `${rounded(value, unit)} ${unit}`;
}

/** Times of the CPU are short. */
function rounded(value: number, unit: Unit | "times"): string {
    return value.toFixed(unit === "times" || unit === "CPU s" ? 2 : 1);
}

function table(head: string[], rows: readonly string[][]): string {
    const lines = [head, head.map(() => "---"), ...rows];
    return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
