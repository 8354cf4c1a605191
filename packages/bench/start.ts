import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Engine } from "../cli/engine/discovery";
import { BenchCluster } from "./cluster";
import { EngineProject, type Operation } from "./engineProject";
import { meshSteps, sandboxConfig } from "./mesh";
import { inTurn, most, type PartResult, ratio, type Series } from "./result";

/** The file that is edited: a part of the program like any other. */
const EDITED = "components/bookinfo/deployment.ts";

/** What a run costs that changes nothing. */
export async function measureStart(
    engine: Engine,
    rounds: number,
    scratch: string,
    stop: AbortSignal,
): Promise<PartResult> {
    const cluster = await BenchCluster.connect();
    const program = new EngineProject(engine, path.join(scratch, "program"));
    const empty = new EngineProject(engine, path.join(scratch, "empty"), "empty");
    const single = new EngineProject(engine, path.join(scratch, "single"), "single");
    const releases = new EngineProject(engine, path.join(scratch, "releases"), "plain");
    const steps = (await meshSteps(stop)).filter(({ type }) => type === "release");
    const address = cluster.stack.cluster;
    writeFileSync(path.join(single.folder, "cluster.json"), JSON.stringify(address));
    writeFileSync(path.join(releases.folder, "steps.json"), JSON.stringify({ steps, values: {}, cluster: address }));
    await program.prepare(sandboxConfig(), stop);
    await single.prepare({}, stop);
    await releases.prepare({}, stop);
    await empty.prepare({}, stop);
    await cluster.clear(stop);
    await program.up(stop);
    await empty.up(stop);

    const memory: Series = { label: "most memory of the program's process", unit: "MB", samples: [] };
    const timed = (label: string, operation: (round: number) => Promise<Operation>) => {
        const series: Series = { label, unit: "s", samples: [] };
        const contend = async (round: number) => {
            series.samples.push((await operation(round)).seconds);
        };
        return { series, contend };
    };
    const remembering = async (operation: Promise<Operation>) => {
        const done = await operation;
        memory.samples.push(done.memory);
        return done;
    };
    const emptyPreview = timed("`preview` of an empty program", () => empty.preview(stop));
    const singlePreview = timed("`preview` of a program with a single Namespace", () => single.preview(stop));
    const releasesPreview = timed("`preview` of a program with nothing but Istio's three releases", () =>
        releases.preview(stop),
    );
    const preview = timed("`preview` of the program, deployed and unchanged", () => remembering(program.preview(stop)));
    const edited = timed("`preview` of the program after an edit of a source file", (round) => {
        program.edit(EDITED, round);
        return remembering(program.preview(stop));
    });
    const emptyUp = timed("`up` of an empty program", () => empty.up(stop));
    const up = timed("`up` of the program with nothing to change", () => remembering(program.up(stop)));
    const contenders = [emptyPreview, singlePreview, releasesPreview, preview, edited, emptyUp, up];
    await inTurn(
        rounds,
        contenders.map(({ contend }) => contend),
    );
    await program.destroy(stop);
    await cluster.clear(stop);
    return {
        title: "Nothing to change",
        notes: [
            "The stack `local` as it is committed, with its add-ons, is deployed to the sandbox. `up` runs without a preview. The " +
                "empty program runs in the same runtime with the same settings. The one with a single Namespace shows the time that " +
                "Pulumi's SDK and the Kubernetes provider take to start. The one with Istio's releases shows the time that Helm's " +
                "charts take. Neither of them is deployed. The memory is that of the Node.js process that runs the program: its " +
                "resident pages, as the kernel counts them.",
        ],
        series: [...contenders.map(({ series }) => series), memory],
        checks: [
            ratio("`preview` / `preview` of an empty program", preview.series, emptyPreview.series, 1.5),
            ratio("`up` with nothing to change / `up` of an empty program", up.series, emptyUp.series, 1.5),
            ratio("`preview` after an edit / `preview` unchanged", edited.series, preview.series, 1.2),
            most("most memory of the program in any round", memory, 250),
        ],
    };
}
