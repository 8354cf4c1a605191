import { describeWithPulumi, pulumi, readState, recordedObjects } from "../engine";
import { coldStart, get, labelsOfDefault, listObjects, npmRun, productPage, stableObjects } from "../commands";
import { interrupt, interruptionsAfter, type Moment, moments, seed } from "./interruptions";
import { nothingDeployed } from "../sharedSandbox";

/*
 * `up` and `down` are interrupted at moments over the whole run (see interruptions.ts). The next run must converge, without repairs
 * by hand.
 */

describeWithPulumi(`interrupted at ${moments.length} moments of up and of down, seed ${seed}`, () => {
    let before: string[];
    let deployed: string[];
    let resources: string[];
    /** How long an uninterrupted run takes, in milliseconds. */
    const duration = { up: 0, down: 0 };

    /** The last command, if it ran to its end; undefined after an interruption. */
    let last: "up" | "down" | undefined;

    const run = async (script: "up" | "down") => {
        const begun = Date.now();
        const { code, output } = await npmRun(script, ...(script === "down" ? ["--keep-cluster"] : []));
        duration[script] ||= Date.now() - begun;
        if (code !== 0) {
            throw new Error(`npm run ${script} ended with ${code}:\n${output}`);
        }
        last = script;
    };
    /** Runs a command unless it was the last one, so that the opposite command, which is interrupted, has work to do. */
    const beginAfter = async (script: "up" | "down") => {
        if (last !== script) {
            await run(script);
        }
    };
    const interruptAt = async (moment: Moment, script: "up" | "down") => {
        last = undefined;
        await interrupt(moment, duration[script], script, ...(script === "down" ? ["--keep-cluster"] : []));
        for (const later of interruptionsAfter(moment)) {
            await interrupt(later, duration.up, "up");
        }
    };
    const expectAfter = async (script: "up" | "down") => {
        if (script === "down") {
            expect(await labelsOfDefault()).not.toHaveProperty("istio-injection");
            expect(await listObjects()).toEqual(before);
            return;
        }
        expect(await get(productPage)).toMatchObject({ status: 200 });
        expect(readState()).toEqual({ resources, pending: [] });
        expect(await stableObjects()).toEqual(deployed);
        expect(await listObjects()).toEqual(expect.arrayContaining(recordedObjects()));
        expect(await pulumi("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
    };

    beforeAll(async () => {
        before = await nothingDeployed();
        await run("up");
        resources = readState().resources;
        deployed = await stableObjects();
        await run("down");
        await expectAfter("down");
    }, coldStart);

    afterAll(async () => {
        await npmRun("down", "--keep-cluster");
    }, 300_000);

    describe.each(moments)("at moment $moment ($fraction of the run, $kind)", (moment) => {
        // The two moments of each kind: once the next run is an up, once a down.
        const [afterUp, afterDown] = moment.moment % 2 === 1 ? (["up", "down"] as const) : (["down", "up"] as const);

        it(`of up: the next ${afterUp} converges`, async () => {
            await beginAfter("down");
            await interruptAt(moment, "up");
            await run(afterUp);
            await expectAfter(afterUp);
        }, 600_000);

        it(`of down: the next ${afterDown} converges`, async () => {
            await beginAfter("up");
            await interruptAt(moment, "down");
            await run(afterDown);
            await expectAfter(afterDown);
        }, 600_000);
    });
});
