import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readOr } from "../shared/processId";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true });
});

/** Writes a script of that name. @returns its path */
function write(name: string, script: string): string {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, script);
    return file;
}

/**
 * Runs a script with the hook.
 * @returns the CPU times that its processes have written, and those that they have printed, in seconds
 */
function timesOf(file: string): { written: number[]; printed: number[] } {
    const times = path.join(folder, "times");
    const hook = path.join(__dirname, "cpuTime.cjs");
    const output = execFileSync(process.execPath, [file], {
        env: { ...process.env, NODE_OPTIONS: `--require ${hook}`, BENCH_CPU_TIME: times },
        encoding: "utf8",
    });
    const numbers = (text: string) => text.match(/\S+/g)?.map(Number) ?? [];
    return { written: numbers(readOr(times, "")), printed: numbers(output) };
}

/** A script that runs another program, and prints its own CPU time. */
const running = (program: string, args: string[]) => `
    require("node:child_process").execFileSync(${JSON.stringify(program)}, ${JSON.stringify(args)}, { stdio: "inherit" });
    const { user, system } = process.cpuUsage();
    console.log((user + system) / 1e6);`;

it("writes the CPU time of the command and of each of its Node.js processes once, with other programs of these", () => {
    const loop = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done";
    const evaluation = write("evaluation.js", running("sh", ["-c", loop]));
    const { written, printed } = timesOf(write("bookinfo.js", running(process.execPath, [evaluation])));
    const [inner = 0, outer = 0, ...others] = written;
    const [ownOfInner = 0, ownOfOuter = 0] = printed;
    expect(others).toEqual([]);
    expect(ownOfInner).toBeGreaterThan(0);
    expect(inner).toBeGreaterThan(ownOfInner + 0.02);
    expect(ownOfOuter).toBeGreaterThan(0);
    expect(outer).toBeGreaterThanOrEqual(ownOfOuter);
    expect(outer).toBeLessThan(inner);
});

it("writes nothing for the engine's processes", () => {
    expect(timesOf(write("cmd/run/index.js", "")).written).toEqual([]);
    expect(timesOf(write("pulumi-resource-x.js", "")).written).toEqual([]);
});
