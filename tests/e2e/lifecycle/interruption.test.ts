import { setTimeout as sleep } from "node:timers/promises";
import { describeEngine, readState } from "../engine";
import { coldStart, get, labelsOfDefault, lastingObjects, listObjects, npmRun } from "../product";
import { killTree, start } from "../processes";
import { momentsOver } from "./moments";

/*
 * The engine with all that it has started is killed at moments spread over `up` and over `down`. What is run next must
 * converge, without anything done by hand. INTERRUPTIONS says at how many moments each, INTERRUPTION_SEED which; a single
 * one is repeated by `-t "moment 7 "`.
 */

const count = Number(process.env.INTERRUPTIONS ?? 20);
const seed = Number(process.env.INTERRUPTION_SEED ?? Date.now() % 100_000);
const fractions = momentsOver(count, seed);

const page = "http://198.51.100.20/productpage";

describeEngine(`killed at ${count} moments of up and of down, seed ${seed}`, () => {
    let before: string[];
    let deployed: string[];
    let resources: string[];
    /** How long an undisturbed run takes, in milliseconds. */
    const duration = { up: 0, down: 0 };

    const run = async (script: "up" | "down") => {
        const begun = Date.now();
        const { code, output } = await npmRun(script, ...(script === "down" ? ["--keep-cluster"] : []));
        duration[script] ||= Date.now() - begun;
        if (code !== 0) {
            throw new Error(`npm run ${script} ended with ${code}:\n${output}`);
        }
    };
    const kill = async (script: "up" | "down", fraction: number) => {
        const { child, ended } = start(script, ...(script === "down" ? ["--keep-cluster"] : []));
        await Promise.race([sleep(fraction * duration[script]), ended]);
        await killTree(child.pid ?? 0);
        await ended;
    };
    const expectUp = async () => {
        expect(await get(page)).toMatchObject({ status: 200 });
        expect(readState()).toEqual({ resources, pending: [] });
        expect(await lastingObjects()).toEqual(deployed);
    };
    const expectDown = async () => {
        expect(await labelsOfDefault()).not.toHaveProperty("istio-injection");
        expect(await listObjects()).toEqual(before);
    };

    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        before = await listObjects();
        await run("up");
        resources = readState().resources;
        deployed = await lastingObjects();
        await run("down");
        await expectDown();
    }, coldStart);

    afterAll(async () => {
        await npmRun("down");
    }, 300_000);

    const moments = fractions.map((fraction, index) => ({ moment: index + 1, fraction }));
    const upAgain = moments.filter(({ moment }) => moment % 2 === 1);
    const downInstead = moments.filter(({ moment }) => moment % 2 === 0);

    describe.each(upAgain)("at moment $moment ($fraction of the run)", ({ fraction }) => {
        it("of up: the next up converges", async () => {
            await kill("up", fraction);
            await run("up");
            await expectUp();
        }, 600_000);

        it("of down: the next up converges", async () => {
            await run("up");
            await kill("down", fraction);
            await run("up");
            await expectUp();
        }, 600_000);
    });

    describe.each(downInstead)("at moment $moment ($fraction of the run)", ({ fraction }) => {
        it("of down: the next down leaves nothing", async () => {
            await run("up");
            await kill("down", fraction);
            await run("down");
            await expectDown();
        }, 600_000);

        it("of up: the next down leaves nothing", async () => {
            await kill("up", fraction);
            await run("down");
            await expectDown();
        }, 600_000);
    });
});
