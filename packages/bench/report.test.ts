import { missedLines, report, type Run } from "./report";

const RUN: Run = {
    part: "up",
    date: "2026-01-02 03:04 UTC",
    rounds: 3,
    load: { before: 0.31, after: 1.75 },
    machine: { cpu: "a processor", cores: 2, memory: 24, os: "an operating system" },
    versions: { Pulumi: "v3.1.0", Istio: "1.31.0" },
    result: {
        title: "From nothing",
        notes: ["As it is."],
        series: [{ label: "by the program", unit: "s", samples: [3, 1, 2.04] }],
        checks: [
            { what: "program / script", value: 0.5, limit: 0.6, unit: "times" },
            { what: "memory", value: 260.04, limit: 250, unit: "MB" },
        ],
    },
};

test("the report shows every round, medians, limits, and which figures passed", () => {
    const page = report([RUN]);
    expect(page).toContain("| by the program | 2.0 s | 3.0, 1.0, 2.0 |");
    expect(page).toContain("| program / script | 0.50 | 0.6 | passed |");
    expect(page).toContain("| memory | 260.0 MB | 250 MB | **missed** |");
});

test("the report says when, on which machine and with which versions each part was measured", () => {
    const [, section] = report([RUN]).split("## From nothing");
    expect(section).toContain(
        "2026-01-02 03:04 UTC, 3 rounds; a processor, 2 cores, 24 GiB, an operating system; Pulumi v3.1.0, Istio 1.31.0; " +
            "load average 0.3 before and 1.8 at the end.",
    );
});

test("only figures over their limit are listed", () => {
    expect(missedLines([RUN])).toEqual(["From nothing: memory is 260.0 MB, over 250"]);
});
