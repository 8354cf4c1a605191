import { BenchCluster } from "./cluster";
import { EngineProject, type Operation } from "./engineProject";
import { declarationOf, routedConfig, sandboxConfig } from "./mesh";
import { OBJECTS, plainProgram, plainState, RELEASES } from "./plainProgram";
import { contender, inTurn, most, type PartResult, ratio, type Series, type Setting } from "./result";

/** The source file that is edited: an ordinary part of the program. */
const EDITED = "components/bookinfo/deployment.ts";

/** Measures runs that change nothing. */
export async function measureStart(setting: Setting): Promise<PartResult> {
    const cluster = await BenchCluster.connect(setting.stop);
    const singleInput = { "cluster.json": cluster.stack.cluster };
    const program = await EngineProject.create(setting, "program", { config: sandboxConfig() });
    const empty = await EngineProject.create(setting, "empty", { program: "empty" });
    const single = await EngineProject.create(setting, "single", { program: "single", input: singleInput });
    await cluster.clear();
    await program.up();
    await empty.up();

    // The comparisons share the objects with the program: a cluster has room for one of them.
    const { resources } = await declarationOf(sandboxConfig(), setting.stop);
    const state = await program.export();
    const plain = async (name: string, isPart: (type: string) => boolean) => {
        const project = await EngineProject.create(setting, name, { script: plainProgram(resources, state, isPart) });
        await project.import(plainState(state, isPart));
        await project.expectUnchanged();
        return project;
    };
    const releases = await plain("releases", RELEASES);
    const objects = await plain("objects", OBJECTS);
    await program.expectUnchanged();
    // The program's objects and, in addition, those of the routes, which the program knows nothing of.
    const routed = await EngineProject.create(setting, "routed", { config: routedConfig() });
    await routed.import(await program.export());
    await routed.up();
    await program.expectUnchanged();

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
    const objectsPreview = timed("`preview` of a plain program with the same objects", () => objects.preview());
    const preview = timed("`preview` of the program, deployed and unchanged", () => remembering(program.preview()));
    const edited = timed("`preview` of the program after an edit of a source file", (round) => {
        program.edit(EDITED, round);
        return remembering(program.preview());
    });
    const releasesUp = timed("`up` of a program with nothing but Istio's three releases", () => releases.up());
    const objectsUp = timed("`up` of a plain program with the same objects", () => objects.up());
    const up = timed("`up` of the program with nothing to change", () => remembering(program.up()));
    const routedPreview = timed("`preview` of the program with every setting of traffic", () => routed.preview());
    const routedUp = timed("`up` of the program with every setting of traffic", () => routed.up());
    const previews = [emptyPreview, singlePreview, releasesPreview, objectsPreview, preview, routedPreview, edited];
    const contenders = [...previews, releasesUp, objectsUp, up, routedUp];
    await inTurn(setting.rounds, contenders);
    await routed.destroy();
    await cluster.clear();
    return {
        title: "Nothing to change",
        notes: [
            "The stack `local` as it is committed, with its add-ons, is deployed to the sandbox. `up` runs without a preview. The " +
                "programs with nothing but the releases, and with the same objects, are one JavaScript file each, with Pulumi's " +
                "default settings. Every value in them is written out. Each has the state as if it had deployed what it declares, so " +
                "nothing changes for them either. The empty program and the one with a single Namespace run with this program's " +
                "settings. They show the time that Pulumi and the Kubernetes provider take to start. The memory is that of the " +
                "Node.js process that runs the program: its resident pages, as the kernel counts them.",
        ],
        series: [...contenders.map(({ series }) => series), memory],
        checks: [
            ratio("`preview` / `preview` of the three releases", preview.series, releasesPreview.series, 1.35),
            ratio("`preview` / `preview` of the same objects", preview.series, objectsPreview.series, 1.2),
            ratio("`up` with nothing to change / `up` of the three releases", up.series, releasesUp.series, 1.35),
            ratio("`up` with nothing to change / `up` of the same objects", up.series, objectsUp.series, 1.2),
            ratio("`preview` with every setting of traffic / without any", routedPreview.series, preview.series, 1.1),
            ratio("`up` with every setting of traffic / without any", routedUp.series, up.series, 1.1),
            ratio("`preview` after an edit / `preview` unchanged", edited.series, preview.series, 1.2),
            most("most memory of the program in any round", memory, 250),
        ],
    };
}
