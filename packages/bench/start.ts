import { BenchCluster } from "./cluster";
import { EngineProject, type Operation } from "./engineProject";
import { meshSteps, sandboxConfig } from "./mesh";
import { contender, inTurn, most, type PartResult, ratio, type Series, type Setting } from "./result";

/** The source file that is edited: an ordinary part of the program. */
const EDITED = "components/bookinfo/deployment.ts";

/** Measures runs that change nothing. */
export async function measureStart(setting: Setting): Promise<PartResult> {
    const cluster = await BenchCluster.connect(setting.stop);
    const steps = (await meshSteps(setting.stop)).filter(({ type }) => type === "release");
    const address = cluster.stack.cluster;
    const singleInput = { "cluster.json": address };
    const releasesInput = { "steps.json": { steps, values: {}, cluster: address } };
    const program = await EngineProject.create(setting, "program", { config: sandboxConfig() });
    const empty = await EngineProject.create(setting, "empty", { program: "empty" });
    const single = await EngineProject.create(setting, "single", { program: "single", input: singleInput });
    const releases = await EngineProject.create(setting, "releases", { program: "plain", input: releasesInput });
    await cluster.clear();
    await program.up();
    await empty.up();

    const memory: Series = { label: "most memory of the program's process", unit: "MB", samples: [] };
    const timed = (label: string, operation: (round: number) => Promise<Operation>) =>
        contender(label, async (round) => (await operation(round)).seconds);
    const remembering = async (operation: Promise<Operation>) => {
        const done = await operation;
        memory.samples.push(done.memory);
        return done;
    };
    const emptyPreview = timed("`preview` of an empty program", () => empty.preview());
    const singlePreview = timed("`preview` of a program with a single Namespace", () => single.preview());
    const releasesPreview = timed("`preview` of a program with nothing but Istio's three releases", () =>
        releases.preview(),
    );
    const preview = timed("`preview` of the program, deployed and unchanged", () => remembering(program.preview()));
    const edited = timed("`preview` of the program after an edit of a source file", (round) => {
        program.edit(EDITED, round);
        return remembering(program.preview());
    });
    const emptyUp = timed("`up` of an empty program", () => empty.up());
    const up = timed("`up` of the program with nothing to change", () => remembering(program.up()));
    const contenders = [emptyPreview, singlePreview, releasesPreview, preview, edited, emptyUp, up];
    await inTurn(setting.rounds, contenders);
    await program.destroy();
    await cluster.clear();
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
