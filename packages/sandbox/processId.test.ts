import { spawn } from "node:child_process";
import { once } from "node:events";
import { isAlive, processId } from "./processId";

const describeOnLinux = process.platform === "linux" ? describe : describe.skip;

describeOnLinux("isAlive (reads /proc, so on Linux alone)", () => {
    it("knows this process", () => {
        expect(isAlive(processId(process.pid))).toBe(true);
    });

    it("does not take another process with the same number for it", () => {
        expect(isAlive({ pid: process.pid, startTime: "1" })).toBe(false);
    });

    it("sees that a process ended", async () => {
        const child = spawn("sleep", ["60"]);
        const id = processId(child.pid ?? 0);
        expect(isAlive(id)).toBe(true);
        child.kill("SIGKILL");
        await once(child, "exit");
        expect(isAlive(id)).toBe(false);
    });
});
