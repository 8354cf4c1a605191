import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { doInOrder, reversed, type Work } from "./schedule";

/** Work that needs earlier work only. */
const plans = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 20 }).map((all) =>
    all.map((needs, index): Work => ({
        name: `w${index}`,
        needs: index === 0 ? [] : [...new Set(needs.map((need) => `w${need % index}`))],
    })),
);

describe("work in order", () => {
    it("is all done, each piece after what it needs, and never too much at once", async () => {
        await fc.assert(
            fc.asyncProperty(plans, fc.integer({ min: 1, max: 4 }), async (plan, limit) => {
                const done: string[] = [];
                let underWay = 0;
                await doInOrder(plan, limit, undefined, async ({ name, needs }) => {
                    expect(done).toEqual(expect.arrayContaining(needs));
                    underWay += 1;
                    expect(underWay).toBeLessThanOrEqual(limit);
                    await Promise.resolve();
                    underWay -= 1;
                    done.push(name);
                });
                expect(done.sort()).toEqual(plan.map(({ name }) => name).sort());
            }),
        );
    });

    it("is begun as soon as it can be, side by side", async () => {
        const begun: string[] = [];
        const plan = ["a", "b"].map((name) => ({ name, needs: [] }));
        await doInOrder(plan, 2, undefined, async ({ name }) => {
            begun.push(name);
            await sleep(5);
            expect(begun).toEqual(["a", "b"]);
        });
    });

    it("ends at the first fault: nothing new begins, and what is under way is told", async () => {
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

    it("ends when it is stopped", async () => {
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

    it("does not wait for needs that are not part of it", async () => {
        const done: string[] = [];
        await doInOrder([{ name: "a", needs: ["elsewhere"] }], 1, undefined, ({ name }) => {
            done.push(name);
            return Promise.resolve();
        });
        expect(done).toEqual(["a"]);
    });

    it("turned round, undoes what needs before what is needed", () => {
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
