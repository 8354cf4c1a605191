import { spawn } from "node:child_process";
import { once } from "node:events";
import { treeCpu } from "./treeCpu";

/** Takes some CPU time, and prints how much: `times` of the shell. */
const BUSY = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; times";

it("counts a process, its child that has ended, and its child that still runs", async () => {
    const script = `sh -c "$0"; sh -c "$0; echo ready; read end"; true`;
    const child = spawn("sh", ["-c", script, BUSY], { stdio: ["pipe", "pipe", "inherit"] });
    let printed = "";
    for await (const text of child.stdout) {
        printed += String(text);
        if (printed.includes("ready")) {
            break;
        }
    }
    const spent = treeCpu(child.pid ?? 0);
    child.stdin.end();
    await once(child, "close");
    // For each shell: the times of itself, and those of its children.
    const seconds = [...printed.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
    const own = seconds.filter((_, index) => index % 4 < 2);
    expect(own).toHaveLength(4);
    const sum = own.reduce((one, other) => one + other);
    expect(sum).toBeGreaterThan(0.05);
    // The kernel counts hundredths, and the shells have ended later.
    expect(spent).toBeGreaterThan(sum - 0.04);
    expect(spent).toBeLessThan(sum + 1);
});
