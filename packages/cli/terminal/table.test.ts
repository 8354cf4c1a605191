import { alignedLines } from "./table";

describe("a table", () => {
    it("has the cells of a column under each other, with or without colours, and no space at the end", () => {
        const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
        expect(
            alignedLines(
                [
                    ["ok", "page", "1"],
                    [red("failed"), "", "20"],
                    ["off", "x", ""],
                ],
                ["left", "left", "right"],
            ),
        ).toEqual(["ok      page   1", `${red("failed")}        20`, "off     x"]);
    });

    it("may be empty, and may have rows of different lengths", () => {
        expect(alignedLines([])).toEqual([]);
        expect(alignedLines([["a"], ["bb", "c"]])).toEqual(["a", "bb  c"]);
    });
});
