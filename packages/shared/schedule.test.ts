import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { doInOrder, reversed, type Work } from "./schedule";

/** Plans in which work needs only earlier work. */
const plans = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 20 }).map((all) =>
    all.map((needs, index): Work => ({
        name: `w${index}`,
        needs: index === 0 ? [] : [...new Set(needs.map((need) => `w${need % index}`))],
    })),
);

describe("doInOrder", () => {
    it("does all work, each piece after what it needs, and never more than the limit at once", async () => {
        await fc.assert(
            fc.asyncProperty(plans, fc.integer({ min: 1, max: 4 }), async (plan, limit) => {
                const done: string[] = [];
                const early: string[] = [];
                let [running, most] = [0, 0];
                await doInOrder(plan, limit, undefined, async ({ name, needs }) => {
                    early.push(...needs.filter((need) => !done.includes(need)));
                    running += 1;
                    most = Math.max(most, running);
                    await Promise.resolve();
                    running -= 1;
                    done.push(name);
                });
                expect(early).toEqual([]);
                expect(most).toBeLessThanOrEqual(limit);
                expect(done.sort()).toEqual(plan.map(({ name }) => name).sort());
            }),
        );
    });

    it("begins work as soon as possible, at the same time", async () => {
        const begun: string[] = [];
        const plan = ["a", "b"].map((name) => ({ name, needs: [] }));
        await doInOrder(plan, 2, undefined, async ({ name }) => {
            begun.push(name);
            await sleep(5);
            expect(begun).toEqual(["a", "b"]);
        });
    });

    it("ends at the first error: it begins no further work, and tells the running work to stop", async () => {
        const told: string[] = [];
        const plan = [
            { name: "faulty", needs: [] },
            { name: "slow", needs: [] },
            { name: "next", needs: ["faulty"] },
        ];
        const work = doInOrder(plan, 2, undefined, async ({ name }, stop) => {
            if (name === "faulty") {
                throw new Error("broken");
            }
            await sleep(10_000, undefined, { signal: stop }).catch(() => told.push(name));
        });
        await expect(work).rejects.toThrow("broken");
        expect(told).toEqual(["slow"]);
    });

    it("ends when the user stops it", async () => {
        const stop = new AbortController();
        const plan = [
            { name: "a", needs: [] },
            { name: "b", needs: ["a"] },
        ];
        const work = doInOrder(plan, 1, stop.signal, () => {
            stop.abort();
            return Promise.resolve();
        });
        await expect(work).rejects.toThrow();
    });

    it("does not wait for work that is not in the plan", async () => {
        const done: string[] = [];
        await doInOrder([{ name: "a", needs: ["elsewhere"] }], 1, undefined, ({ name }) => {
            done.push(name);
            return Promise.resolve();
        });
        expect(done).toEqual(["a"]);
    });

    it("reversed: undoes a piece before the pieces that it needs", () => {
        const plan = [
            { name: "a", needs: [] },
            { name: "b", needs: ["a"] },
            { name: "c", needs: ["a"] },
        ];
        expect(reversed(plan)).toEqual([
            { name: "c", needs: [] },
            { name: "b", needs: [] },
            { name: "a", needs: ["b", "c"] },
        ]);
    });
});
