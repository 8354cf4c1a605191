import { setTimeout as sleep } from "node:timers/promises";
import { describeWithPulumi, pulumi, readState } from "../engine";
import { killProgram, resume, sandboxProcesses, start } from "../processes";
import { coldStart, get, kubectl, listObjects, npmRun, poll, productPage } from "../commands";
import { nothingDeployed } from "../sharedSandbox";

/* Faults of other processes during `up`: the API server stops, istiod or the Kubernetes provider is killed. */

/** Time until the first releases are being installed, in milliseconds. */
const HALFWAY = 10_000;

describeWithPulumi("up with a fault", () => {
    let before: string[];
    beforeAll(async () => {
        before = await nothingDeployed();
    }, coldStart);

    afterEach(async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 300_000);

    afterAll(async () => {
        await npmRun("down", "--keep-cluster");
    }, 300_000);

    /** The run with the fault may fail. The next one must not. */
    const expectConvergence = async (first: { code: number }) => {
        if (first.code !== 0) {
            expect(await npmRun("up")).toMatchObject({ code: 0 });
        }
        expect(readState().pending).toEqual([]);
        expect(await get(productPage)).toMatchObject({ status: 200 });
    };

    it("converges at the second run or the first if the API server stops for 15 seconds", async () => {
        const up = start("up");
        await sleep(HALFWAY);
        const [server = 0] = sandboxProcesses("kube-apiserver");
        expect(server).toBeGreaterThan(1);
        process.kill(server, "SIGSTOP");
        await sleep(15_000);
        resume(server);
        await expectConvergence(await up.ended);
    }, 600_000);

    it("converges at the second run or the first if istiod is killed", async () => {
        const up = start("up");
        const istiod = ["--namespace", "istio-system", "--selector", "app=istiod"];
        await poll(
            () => kubectl("get", "pods", ...istiod, "--output=name"),
            (pods) => pods !== "",
        );
        await kubectl("delete", "pods", ...istiod, "--grace-period=0", "--force");
        await expectConvergence(await up.ended);
    }, 600_000);

    /** Kills the provider while it installs istiod, and also the command, which would clean up otherwise. */
    const killDuringInstallation = async () => {
        const up = start("up");
        const release = [
            "get",
            "secret",
            "sh.helm.release.v1.istiod.v1",
            "--namespace=istio-system",
            "--ignore-not-found",
        ];
        await poll(
            () => kubectl(...release),
            (found) => found !== "",
            { interval: 100 },
        );
        const { pid = 0 } = up.child;
        process.kill(pid, "SIGSTOP");
        expect(killProgram(pid, "pulumi-resource-kubernetes")).toBe(1);
        process.kill(pid, "SIGKILL");
        const { output } = await up.ended;
        expect(output).toContain("error reading from server");
        expect(readState().pending).toEqual([]);
    };
    const removed = "Release istio-system/istiod was being installed: its incomplete parts are removed.";

    it("converges at the next up if the provider is killed during an installation; the engine alone fails", async () => {
        await killDuringInstallation();
        const engineAlone = await pulumi("up", "--yes", "--skip-preview");
        expect(engineAlone.code).not.toBe(0);
        expect(engineAlone.output).toContain("cannot re-use a name that is still in use");

        const up = await npmRun("up");
        expect(up).toMatchObject({ code: 0, output: expect.stringContaining(removed) as string });
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 600_000);

    it("leaves nothing after the next down if the provider is killed during an installation", async () => {
        await killDuringInstallation();
        const down = await npmRun("down", "--keep-cluster");
        expect(down).toMatchObject({ code: 0, output: expect.stringContaining(removed) as string });
        expect(await listObjects()).toEqual(before);
    }, 600_000);
});
