import { describeEngine, pulumi, readState, recordedObjects } from "../engine";
import { coldStart, get, labelsOfDefault, lastingObjects, listObjects, npmRun } from "../commands";
import { interrupt, interruptionsAfter, type Moment, moments, seed } from "./ways";

/*
 * `up` and `down` are interrupted at moments spread over the whole run (ways.ts says which). What is run next must converge,
 * without anything done by hand.
 */

const page = "http://198.51.100.20/productpage";

describeEngine(`interrupted at ${moments.length} moments of up and of down, seed ${seed}`, () => {
    let before: string[];
    let deployed: string[];
    let resources: string[];
    /** How long an undisturbed run takes, in milliseconds. */
    const duration = { up: 0, down: 0 };

    /** What has been run to its end; undefined after an interruption. */
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
    /** What is interrupted has something to do: an up begins with nothing, a down with everything. */
    const beginWith = async (script: "up" | "down") => {
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
        expect(await get(page)).toMatchObject({ status: 200 });
        expect(readState()).toEqual({ resources, pending: [] });
        expect(await lastingObjects()).toEqual(deployed);
        expect(await listObjects()).toEqual(expect.arrayContaining(recordedObjects()));
        expect(await pulumi("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
    };

    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        before = await listObjects();
        await run("up");
        resources = readState().resources;
        deployed = await lastingObjects();
        await run("down");
        await expectAfter("down");
    }, coldStart);

    afterAll(async () => {
        await npmRun("down");
    }, 300_000);

    describe.each(moments)("at moment $moment ($fraction of the run, $way)", (moment) => {
        // In each way, each of the two runs is followed by an up as well as by a down.
        const [afterUp, afterDown] = moment.moment % 2 === 1 ? (["up", "down"] as const) : (["down", "up"] as const);

        it(`of up: the next ${afterUp} converges`, async () => {
            await beginWith("down");
            await interruptAt(moment, "up");
            await run(afterUp);
            await expectAfter(afterUp);
        }, 600_000);

        it(`of down: the next ${afterDown} converges`, async () => {
            await beginWith("up");
            await interruptAt(moment, "down");
            await run(afterDown);
            await expectAfter(afterDown);
        }, 600_000);
    });
});
