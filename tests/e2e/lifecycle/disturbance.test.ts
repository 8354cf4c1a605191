import { setTimeout as sleep } from "node:timers/promises";
import { describeEngine, readState } from "../engine";
import { processesOf, resume, start } from "../processes";
import { coldStart, get, kubectl, npmRun } from "../product";

/* What else can go wrong during `up`: the cluster itself falls silent, or Istio crashes. */

const page = "http://198.51.100.20/productpage";

/** Time for the first releases to be under way, in milliseconds. */
const HALFWAY = 10_000;

describeEngine("up that is disturbed", () => {
    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
    }, coldStart);

    afterEach(async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
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
        const [server = 0] = processesOf("kube-apiserver");
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
});
