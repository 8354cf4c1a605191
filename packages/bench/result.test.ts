import * as fc from "fast-check";
import { type Check, contender, inTurn, median, most, passes, ratio, type Series } from "./result";

const seconds = (...samples: number[]): Series => ({ label: "x", unit: "s", samples });

describe("the median", () => {
    it("is the middle sample, or lies between the middle two", () => {
        expect(median([9, 1, 5])).toBe(5);
        expect(median([10, 2, 4, 1])).toBe(3);
    });

    it("sorts by size and leaves the samples as they are", () => {
        const samples = [100, 20, 3];
        expect(median(samples)).toBe(20);
        expect(samples).toEqual([100, 20, 3]);
    });

    it("has as many samples below as above, and does not depend on their order", () => {
        fc.assert(
            fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (samples) => {
                const middle = median(samples);
                expect(samples.filter((sample) => sample < middle).length).toBeLessThanOrEqual(samples.length / 2);
                expect(samples.filter((sample) => sample > middle).length).toBeLessThanOrEqual(samples.length / 2);
                expect(median([...samples].reverse())).toBe(middle);
            }),
        );
    });

    it("needs at least one sample", () => {
        expect(() => median([])).toThrow(RangeError);
    });
});

describe("a figure", () => {
    it("is the ratio of two medians, not of two runs", () => {
        expect(ratio("up", seconds(30, 12, 13), seconds(26, 90, 25), 0.6)).toEqual({
            what: "up",
            value: 0.5,
            limit: 0.6,
            unit: "times",
        });
    });

    it("is the largest sample if each one counts", () => {
        expect(most("memory", { label: "x", unit: "MB", samples: [199, 251, 240] }, 250)).toMatchObject({
            value: 251,
            unit: "MB",
        });
    });

    it("passes up to its limit, and NaN does not pass", () => {
        const figure = (value: number): Check => ({ what: "x", value, limit: 1.5, unit: "times" });
        expect([1.49, 1.5, 1.51, NaN].map((value) => passes(figure(value)))).toEqual([true, true, false, false]);
    });
});

test("contenders take turns, and each has its seconds as samples", async () => {
    const turns: string[] = [];
    const contenders = ["a", "b"].map((name) =>
        contender(name, (round) => {
            turns.push(`${name}${round}`);
            return Promise.resolve(round * 10);
        }),
    );
    await inTurn(2, contenders);
    expect(turns).toEqual(["a0", "b0", "a1", "b1"]);
    expect(contenders.map(({ series }) => series.samples)).toEqual([
        [0, 10],
        [0, 10],
    ]);
});
