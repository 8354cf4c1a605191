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

/** Runs a script of that name with the hook. @returns the CPU times that its processes have written, in seconds */
function timesOf(name: string, script: string): number[] {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, script);
    const written = path.join(folder, "times");
    const hook = path.join(__dirname, "cpuTime.cjs");
    execFileSync(process.execPath, [file], {
        env: { ...process.env, NODE_OPTIONS: `--require ${hook}`, BENCH_CPU_TIME: written },
    });
    return readOr(written, "").match(/\S+/g)?.map(Number) ?? [];
}

const BUSY = "const end = process.cpuUsage().user + 100_000; while (process.cpuUsage().user < end);";

it("writes the CPU time of the command and of each of its Node.js processes once", () => {
    const child = `require("node:child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(BUSY)}]);`;
    const [inner = 0, outer = 0, ...others] = timesOf("bookinfo.js", child);
    expect(others).toEqual([]);
    expect(inner).toBeGreaterThan(0.1);
    expect(outer).toBeGreaterThan(0);
    expect(outer).toBeLessThan(inner);
});

it("adds other programs that a process of the command has started", () => {
    const child =
        'require("node:child_process").execFileSync("sh", ["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"]);';
    const [withChild = 0] = timesOf("evaluation.js", child);
    const [alone = 0] = timesOf("bookinfo.js", child).slice(-1);
    expect(withChild).toBeGreaterThan(alone + 0.02);
});

it("writes nothing for the engine's processes", () => {
    expect(timesOf("cmd/run/index.js", BUSY)).toEqual([]);
    expect(timesOf("pulumi-resource-x.js", BUSY)).toEqual([]);
});
