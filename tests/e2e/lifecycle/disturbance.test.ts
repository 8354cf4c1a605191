import { setTimeout as sleep } from "node:timers/promises";
import { describeEngine, pulumi, readState } from "../engine";
import { killIn, resume, sandboxProcesses, start } from "../processes";
import { coldStart, get, kubectl, listObjects, npmRun } from "../commands";

/* What else can go wrong during `up`: the cluster itself falls silent, or Istio crashes. */

const page = "http://198.51.100.20/productpage";

/** Time for the first releases to be under way, in milliseconds. */
const HALFWAY = 10_000;

describeEngine("up that is disturbed", () => {
    let before: string[];
    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        before = await listObjects();
    }, coldStart);

    afterEach(async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 300_000);

    afterAll(async () => {
        await npmRun("down");
    }, 300_000);

    /** The disturbed run may fail; the next one must not. */
    const expectToConverge = async (disturbed: { code: number }) => {
        if (disturbed.code !== 0) {
            expect(await npmRun("up")).toMatchObject({ code: 0 });
        }
        expect(readState().pending).toEqual([]);
        expect(await get(page)).toMatchObject({ status: 200 });
    };

    it("by an API server that stops for a quarter of a minute converges, if need be by a second one", async () => {
        const up = start("up");
        await sleep(HALFWAY);
        const [server = 0] = sandboxProcesses("kube-apiserver");
        expect(server).toBeGreaterThan(1);
        process.kill(server, "SIGSTOP");
        await sleep(15_000);
        resume(server);
        await expectToConverge(await up.ended);
    }, 600_000);

    it("by an istiod that is killed converges, if need be by a second one", async () => {
        const up = start("up");
        const istiod = ["--namespace", "istio-system", "--selector", "app=istiod"];
        while ((await kubectl("get", "pods", ...istiod, "--output=name")) === "") {
            await sleep(200);
        }
        await kubectl("delete", "pods", ...istiod, "--grace-period=0", "--force");
        await expectToConverge(await up.ended);
    }, 600_000);

    /** Kills the provider while it installs istiod, and with it the command, which would see to that by itself. */
    const loseRelease = async () => {
        const up = start("up");
        const release = [
            "get",
            "secret",
            "sh.helm.release.v1.istiod.v1",
            "--namespace=istio-system",
            "--ignore-not-found",
        ];
        while ((await kubectl(...release)) === "") {
            await sleep(100);
        }
        const { pid = 0 } = up.child;
        process.kill(pid, "SIGSTOP");
        expect(killIn(pid, "pulumi-resource-kubernetes")).toBe(1);
        process.kill(pid, "SIGKILL");
        const { output } = await up.ended;
        expect(output).toContain("error reading from server");
        expect(readState().pending).toEqual([]);
    };
    const takenBack = "Release istio-system/istiod was being installed: its incomplete parts are removed.";

    it("by a provider that is killed while it installs a release converges by the next up, not by the engine alone", async () => {
        await loseRelease();
        const plain = await pulumi("up", "--yes", "--skip-preview");
        expect(plain.code).not.toBe(0);
        expect(plain.output).toContain("cannot re-use a name that is still in use");

        const up = await npmRun("up");
        expect(up).toMatchObject({ code: 0, output: expect.stringContaining(takenBack) as string });
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 600_000);

    it("by a provider that is killed while it installs a release leaves nothing after the next down", async () => {
        await loseRelease();
        const down = await npmRun("down", "--keep-cluster");
        expect(down).toMatchObject({ code: 0, output: expect.stringContaining(takenBack) as string });
        expect(await listObjects()).toEqual(before);
    }, 600_000);
});
