import pc from "picocolors";
import { alignedLines } from "../terminal/table";
import type { Asked } from "./asked";
import type { LoadSummary } from "./summary";

export function loadReport(summary: LoadSummary): string {
    const { url, requests, concurrency, seconds, requestsPerSecond, latency } = summary;
    const { planned = requests.done } = requests;
    const made = requests.done === planned ? requests.done : `${requests.done} of ${planned}`;
    const times = Object.entries<number>({ ...latency }).map(([share, ms]) => [share, `${ms.toFixed(1)} ms`]);
    const rows = [
        ...counted("status codes", summary.statuses, (status) => (status.startsWith("2") ? pc.green : pc.red)(status)),
        ...counted("failures", summary.failures, pc.red),
        ...titled("latency", times),
        ...counted("reviews", summary.reviews, (version) => version),
        ...counted("missing", summary.missing, pc.red),
    ];
    const { asked = [], unknown = [] } = summary;
    return [
        pc.bold(url),
        `${made} requests, ${concurrency} at a time, in ${seconds} s: ${requestsPerSecond} per second`,
        ...(rows.length > 0 ? ["", ...alignedLines(rows, ["left", "left", "right"])] : []),
        ...(asked.length > 0 ? ["", ...askedLines(asked)] : []),
        ...(unknown.length > 0 ? ["", ...unknown.map((each) => `not known: ${each}`)] : []),
    ].join("\n");
}

/** What the config asks for, what was seen, and whether chance explains the difference. */
function askedLines(asked: readonly Asked[]): string[] {
    const header = ["", "asked", "seen", "by chance", ""].map((title) => pc.dim(title));
    const rows = asked.map(({ what, percent, seen, of, least, most }) => {
        const isRight = seen >= least && seen <= most;
        const range = least === most ? String(least) : `${least} to ${most}`;
        const wanted = percent === undefined ? `at most ${most}` : `${percent} %`;
        return [what, wanted, `${seen} of ${of}`, range, isRight ? pc.green("ok") : pc.red("differs")];
    });
    return alignedLines([header, ...rows], ["left", "right", "right", "right", "left"]);
}

function counted(title: string, counts: Record<string, number>, coloured: (key: string) => string): string[][] {
    const rows = Object.entries(counts).map(([key, count]) => [coloured(key), String(count)]);
    return titled(title, rows);
}

function titled(title: string, rows: string[][]): string[][] {
    return rows.map((row, index) => [index === 0 ? pc.dim(title) : "", ...row]);
}
