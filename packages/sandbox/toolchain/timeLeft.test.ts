import { type Finished, inWords, timeLeft } from "./timeLeft";

const parts = (...names: string[]) => names.map((name) => ({ name }));
const built = (name: string, seconds: number): Finished => ({ name, origin: "built", seconds });

describe("the time that is left", () => {
    it("is what the parts took elsewhere, until this machine's pace is known", () => {
        const two = timeLeft(parts("kubernetes", "istio"), [], 2);
        expect(two).toBeGreaterThan(60);
        expect(timeLeft(parts("kubernetes", "istio"), [], 4)).toBeCloseTo(two / 2);
        expect(timeLeft(parts("kubernetes"), [], 2)).toBeLessThan(two);
    });

    it("follows the pace of this machine", () => {
        const left = (seconds: number) => timeLeft(parts("istio"), [built("kubernetes", seconds)], 2);
        expect(left(600)).toBeCloseTo(2 * left(300));
    });

    it("takes no pace from downloads", () => {
        const downloaded: Finished = { name: "kubernetes", origin: "released", seconds: 3 };
        expect(timeLeft(parts("istio"), [downloaded], 2)).toBe(timeLeft(parts("istio"), [], 2));
    });

    it("counts a few seconds for parts without a figure", () => {
        expect(timeLeft(parts("envoy"), [], 1)).toBeGreaterThan(0);
        expect(timeLeft([], [], 1)).toBe(0);
    });

    it("is said in minutes", () => {
        expect([20, 61, 640].map(inWords)).toEqual(["less than 1 min", "about 1 min", "about 11 min"]);
    });
});
