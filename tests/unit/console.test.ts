import { consoleCommands, seenAs } from "../e2e/console";

it("takes the commands of a page with their output", () => {
    const page = "text\n```console\n$ one --a\n\nb\n$ two\n```\n\n```yaml\n$ none\n```\n\n```console\n$ three\n```\n";
    expect(consoleCommands(page)).toEqual([
        { command: "one --a", expected: ["", "b"] },
        { command: "two", expected: [] },
        { command: "three", expected: [] },
    ]);
});

it.each([
    [["a", "…", "b"], "a\nb"],
    [["a", "…", "b"], "a\nx\nb\ny\nb"],
    [["…"], ""],
    [["a … of 10", "…"], "a   3 of   10\nrest"],
    [["(1+1)?"], "(1+1)?"],
    [[], "\n"],
])("%j is the page's word for %j", (expected, output) => {
    expect(seenAs(expected, output)).toEqual(expected);
});

it.each([
    [["a", "b"], "a\nx\nb"],
    [["a", "…", "b"], "a\nb\nc"],
    [["a … of 10"], "a 3 of 11"],
    [["a"], ""],
    [[], "a"],
])("%j is not the page's word for %j", (expected, output) => {
    expect(seenAs(expected, output)).not.toEqual(expected);
});
