import * as fc from "fast-check";
import { assignAddresses, type Claim } from "./addressPool";

const pool = ["198.51.100.20", "198.51.100.21", "198.51.100.22"];

describe("assignAddresses", () => {
    it("assigns the first free addresses in order", () => {
        const assigned = assignAddresses(pool, [{ key: "a/one" }, { key: "a/two" }]);
        expect([...assigned]).toEqual([
            ["a/one", "198.51.100.20"],
            ["a/two", "198.51.100.21"],
        ]);
    });

    it("lets a Service keep its address when a new one requests the same", () => {
        const assigned = assignAddresses(pool, [
            { key: "a/new", wanted: "198.51.100.20" },
            { key: "a/old", held: "198.51.100.20" },
        ]);
        expect([...assigned]).toEqual([["a/old", "198.51.100.20"]]);
    });

    it("moves a Service that requests another address than the one it holds", () => {
        const assigned = assignAddresses(pool, [{ key: "a/one", held: "198.51.100.20", wanted: "198.51.100.22" }]);
        expect(assigned.get("a/one")).toBe("198.51.100.22");
    });

    it("assigns nothing to a Service that requests an address outside the pool", () => {
        expect(assignAddresses(pool, [{ key: "a/one", wanted: "203.0.113.1" }]).size).toBe(0);
    });

    it("assigns each address once, only from the pool, and to every Service without a request while some are free", () => {
        const address = fc.constantFrom(...pool, "203.0.113.1");
        const claim: fc.Arbitrary<Claim> = fc.record(
            { key: fc.string(), held: address, wanted: address },
            { requiredKeys: ["key"] },
        );
        fc.assert(
            fc.property(fc.uniqueArray(claim, { selector: (c) => c.key, maxLength: 6 }), (claims) => {
                const assigned = assignAddresses(pool, claims);
                const given = [...assigned.values()];
                expect(new Set(given).size).toBe(given.length);
                expect(given.every((one) => pool.includes(one))).toBe(true);
                const unserved = claims.filter((one) => !one.wanted && !assigned.has(one.key));
                expect(unserved.length === 0 || given.length === pool.length).toBe(true);
            }),
        );
    });
});
