import pc from "picocolors";
import { alignedLines } from "../terminal/table";
import type { CheckResult, NamedResult } from "./check";

const COLOURS: Record<CheckResult["status"], (text: string) => string> = { ok: pc.green, failed: pc.red, off: pc.dim };

/** Results for people: a table, and below it the remedies of failures, and the notes. */
export function checkReport(results: readonly NamedResult[]): string {
    const rows = results.map(({ name, status, found, seconds }) => [
        COLOURS[status](status),
        name,
        status === "off" ? pc.dim(found) : found,
        status === "off" ? "" : pc.dim(`${seconds.toFixed(1)} s`),
    ]);
    const remedies = results
        .filter(({ status }) => status === "failed")
        .map(({ name, remedy }) => `  ${pc.bold(name)}: ${remedy ?? ""}`);
    const notes = results.flatMap(({ name, note }) =>
        note === undefined ? [] : [`  ${pc.bold(name)}: ${note.replaceAll("\n", "\n  ")}`],
    );
    return [
        ...alignedLines(rows),
        ...(remedies.length > 0 ? ["", "What to do:", ...remedies] : []),
        ...(notes.length > 0 ? ["", "Notes:", ...notes] : []),
    ].join("\n");
}
