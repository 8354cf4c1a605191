import { SWITCHES } from "../../../components/names";
import { readStackFile, sectionOf } from "../program/projectConfig";
import { stackOf } from "../testing/stack";
import type { Stack } from "./stack";

const local = stackOf({ name: "local", file: readStackFile("local"), clusterNamed: false });

type Section = Record<string, Record<string, unknown> | undefined>;
const istioOf = (stack: Stack) => (sectionOf(stack.file, "istio") ?? {}) as Section;

describe("a stack without its add-ons", () => {
    const without = local.withoutAddons();

    it("disables each of them", () => {
        for (const section of Object.values(SWITCHES)) {
            expect(istioOf(without)[section]).toEqual({ ...istioOf(local)[section], enabled: false });
        }
    });

    it("has everything else as before", () => {
        const others = (stack: Stack) => {
            const addons = Object.fromEntries(Object.values(SWITCHES).map((section) => [section, undefined]));
            return { ...stack.file?.config, "bookinfo-mesh:istio": { ...istioOf(stack), ...addons } };
        };
        expect(istioOf(local)).toHaveProperty("chartRepository");
        expect(others(without)).toEqual(others(local));
    });

    it("is another stack: the one with add-ons keeps them", () => {
        expect([local.hasAddons, without.hasAddons]).toEqual([true, false]);
    });

    it("can be made of a stack without a file, whose add-ons have the program's defaults", () => {
        const plain = stackOf();
        expect([plain.hasAddons, plain.withoutAddons().hasAddons]).toEqual([true, false]);
    });
});
