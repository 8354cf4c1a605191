import { spawn } from "node:child_process";
import { once } from "node:events";
import { treeCpu } from "./treeCpu";

/** Runs until its time is up, then waits for the end of its input. */
const BUSY = "const end = process.cpuUsage().user + 100_000; while (process.cpuUsage().user < end);";

it("counts a process, its child that has ended, and its child that still runs", async () => {
    const script = `"$0" -e "$1"; "$0" -e "$1 console.log('ready'); process.stdin.resume();"; true`;
    const child = spawn("sh", ["-c", script, process.execPath, BUSY], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const spent = treeCpu(child.pid ?? 0);
    child.stdin.end();
    await once(child, "close");
    expect(spent).toBeGreaterThan(0.2);
    expect(spent).toBeLessThan(5);
});
