import * as fc from "fast-check";
import { assignAddresses, type Claim } from "./addressPool";

const pool = ["198.51.100.20", "198.51.100.21", "198.51.100.22"];

describe("assignAddresses", () => {
    it("gives the first free addresses in order", () => {
        const assigned = assignAddresses(pool, [{ key: "a/one" }, { key: "a/two" }]);
        expect([...assigned]).toEqual([
            ["a/one", "198.51.100.20"],
            ["a/two", "198.51.100.21"],
        ]);
    });

    it("lets a Service keep what it holds, before a new one that asks for it", () => {
        const assigned = assignAddresses(pool, [
            { key: "a/new", wanted: "198.51.100.20" },
            { key: "a/old", held: "198.51.100.20" },
        ]);
        expect([...assigned]).toEqual([["a/old", "198.51.100.20"]]);
    });

    it("moves a Service that asks for another address than it holds", () => {
        const assigned = assignAddresses(pool, [{ key: "a/one", held: "198.51.100.20", wanted: "198.51.100.22" }]);
        expect(assigned.get("a/one")).toBe("198.51.100.22");
    });

    it("leaves out who asks for an address outside the pool", () => {
        expect(assignAddresses(pool, [{ key: "a/one", wanted: "203.0.113.1" }]).size).toBe(0);
    });

    it("never gives an address twice, nor one outside the pool, and serves all who ask for none while there is room", () => {
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
