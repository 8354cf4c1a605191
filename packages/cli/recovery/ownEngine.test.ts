import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Stopped } from "../../shared/errors";
import { waitForOwnEngine } from "./ownEngine";

let folder: string;
let configFile: string;
const started: ChildProcess[] = [];
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
    configFile = path.join(folder, "Pulumi.demo.yaml");
    symlinkSync(process.execPath, path.join(folder, "pulumi"));
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => {
    jest.restoreAllMocks();
    started.splice(0).forEach((child) => child.kill("SIGKILL"));
    rmSync(folder, { recursive: true });
});

/** A process that looks like an engine of a killed command. It says when it can be interrupted, and ends by SIGINT. */
async function engine(file: string): Promise<ChildProcess> {
    const script = "process.on('SIGINT', () => process.exit(7)); setInterval(() => 0, 1000); console.log('ready')";
    const child = spawn(path.join(folder, "pulumi"), ["-e", script, "--", "up", "--config-file", file, "--yes"]);
    started.push(child);
    await once(child.stdout, "data");
    return child;
}

const settled = (work: Promise<void>) =>
    work.then(
        () => "done",
        (error: unknown) => error,
    );

describe("an engine that outlived its command", () => {
    it("is waited for until it ends", async () => {
        const child = await engine(configFile);
        const waiting = settled(waitForOwnEngine(configFile, new AbortController().signal));
        const soon = new Promise((resolve) => setTimeout(resolve, 500, "still waiting"));
        expect(await Promise.race([waiting, soon])).toBe("still waiting");
        child.kill("SIGKILL");
        expect(await waiting).toBe("done");
    });

    it("ends in an orderly way by Ctrl-C, and the command stops then", async () => {
        const child = await engine(configFile);
        const ended = once(child, "exit");
        const stop = new AbortController();
        const waiting = settled(waitForOwnEngine(configFile, stop.signal));
        stop.abort();
        expect(await waiting).toBeInstanceOf(Stopped);
        expect(await ended).toEqual([7, null]);
    });

    it("is only one that works with the config file of this clone's stack", async () => {
        await engine(path.join(folder, "Pulumi.other.yaml"));
        expect(await settled(waitForOwnEngine(configFile, new AbortController().signal))).toBe("done");
    });
});
