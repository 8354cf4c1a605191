import { setTimeout as sleep } from "node:timers/promises";
import { describeEngine, pulumi, readState, recordedObjects } from "../engine";
import { coldStart, get, labelsOfDefault, lastingObjects, listObjects, npmRun } from "../product";
import { killIn, killTree, start } from "../processes";
import { momentsOver } from "./moments";

/*
 * `up` and `down` are interrupted at moments spread over the whole run. What is run next must converge, without anything done
 * by hand. INTERRUPTIONS says at how many moments each, INTERRUPTION_SEED which, INTERRUPTION_WAY how, by default in one way
 * after the other; a single one is repeated by `-t "moment 7 "`.
 */

const count = Number(process.env.INTERRUPTIONS ?? 20);
const seed = Number(process.env.INTERRUPTION_SEED ?? Date.now() % 100_000);
const fractions = momentsOver(count, seed);

/** How a run is interrupted: its process is given. What is still alive then ends by itself. */
const ways: Record<string, (pid: number) => unknown> = {
    "everything killed": killTree,
    "everything killed, and what came next": killTree,
    "the engine killed": (pid) => killIn(pid, "pulumi"),
    "the provider killed": (pid) => killIn(pid, "pulumi-resource-kubernetes"),
    "the command killed": (pid) => process.kill(pid, "SIGKILL"),
    "Ctrl-C": (pid) => process.kill(pid, "SIGINT"),
    "Ctrl-C twice": async (pid) => {
        process.kill(pid, "SIGINT");
        await sleep(1500);
        process.kill(pid, "SIGINT");
    },
};
/** Moments at which what comes next is interrupted too, as fractions of an undisturbed `up`: it recovers by then. */
const next: Record<string, number[]> = { "everything killed, and what came next": [0.1, 0.2] };
const wayNames = process.env.INTERRUPTION_WAY === undefined ? Object.keys(ways) : [process.env.INTERRUPTION_WAY];

const page = "http://198.51.100.20/productpage";

describeEngine(`interrupted at ${count} moments of up and of down, seed ${seed}`, () => {
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
    const interrupt = async (script: "up" | "down", fraction: number, way: string) => {
        last = undefined;
        await interruptOnce(script, fraction, way);
        for (const later of next[way] ?? []) {
            await interruptOnce("up", later, way);
        }
    };
    const interruptOnce = async (script: "up" | "down", fraction: number, way: string) => {
        const { child, ended } = start(script, ...(script === "down" ? ["--keep-cluster"] : []));
        await Promise.race([sleep(fraction * duration[script]), ended]);
        try {
            await ways[way]?.(child.pid ?? 0);
        } catch (error) {
            // Where the run has been faster than usual.
            expect(error).toMatchObject({ code: "ESRCH" });
        }
        await ended;
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

    const moments = fractions.map((fraction, index) => {
        // Each way for two moments: then each of the two runs is followed by an up as well as by a down.
        const way = wayNames[Math.floor(index / 2) % wayNames.length] ?? "";
        const [afterUp, afterDown] = index % 2 === 0 ? (["up", "down"] as const) : (["down", "up"] as const);
        return { moment: index + 1, fraction, way, afterUp, afterDown };
    });

    describe.each(moments)("at moment $moment ($fraction of the run, $way)", (moment) => {
        const { fraction, way, afterUp, afterDown } = moment;
        it(`of up: the next ${afterUp} converges`, async () => {
            await beginWith("down");
            await interrupt("up", fraction, way);
            await run(afterUp);
            await expectAfter(afterUp);
        }, 600_000);

        it(`of down: the next ${afterDown} converges`, async () => {
            await beginWith("up");
            await interrupt("down", fraction, way);
            await run(afterDown);
            await expectAfter(afterDown);
        }, 600_000);
    });
});
