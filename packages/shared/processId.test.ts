import { spawn } from "node:child_process";
import { once } from "node:events";
import { isAlive, processId } from "./processId";

const describeOnLinux = process.platform === "linux" ? describe : describe.skip;

describeOnLinux("isAlive (only on Linux, because it reads /proc)", () => {
    it("recognizes this process", () => {
        expect(isAlive(processId(process.pid))).toBe(true);
    });

    it("rejects a process that has the same number and another start time", () => {
        expect(isAlive({ pid: process.pid, startTime: "1" })).toBe(false);
    });

    it("notices that a process has ended", async () => {
        const child = spawn("sleep", ["60"]);
        const id = processId(child.pid ?? 0);
        expect(isAlive(id)).toBe(true);
        child.kill("SIGKILL");
        await once(child, "exit");
        expect(isAlive(id)).toBe(false);
    });
});
