import { spawn } from "node:child_process";
import { once } from "node:events";
import { treeCpu } from "./treeCpu";

/** Runs until its time is up, then waits for the end of its input. */
const BUSY = "const end = process.cpuUsage().user + 100_000; while (process.cpuUsage().user < end);";

it("counts a process, its child that has ended, and its child that still runs", async () => {
    const inner = (more: string) => JSON.stringify(`${BUSY} ${more}`);
    const script = `
        const { execFileSync, spawn } = require("node:child_process");
        execFileSync(process.execPath, ["-e", ${inner("")}]);
        spawn(process.execPath, ["-e", ${inner("console.log('ready'); process.stdin.resume();")}], {
            stdio: ["inherit", "inherit", "inherit"],
        });`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const spent = treeCpu(child.pid ?? 0);
    child.stdin.end();
    await once(child, "close");
    expect(spent).toBeGreaterThan(0.2);
    expect(spent).toBeLessThan(5);
});
