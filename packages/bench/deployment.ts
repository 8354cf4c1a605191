import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Engine } from "../cli/engine/discovery";
import type { Step } from "../cli/render/step";
import { BenchCluster, PAGE } from "./cluster";
import { EngineProject } from "./engineProject";
import { leastValues, meshConfig, meshSteps } from "./mesh";
import { inTurn, type PartResult, ratio, type Series } from "./result";
import { type DeployOptions, deployScript, removeScript } from "./script";

/** From nothing to a page that answers, by the program and by hand. */
export async function measureUp(
    engine: Engine,
    rounds: number,
    scratch: string,
    stop: AbortSignal,
): Promise<PartResult> {
    const cluster = await BenchCluster.connect();
    const steps = await meshSteps(stop);
    const program = new EngineProject(engine, path.join(scratch, "program"));
    await program.prepare(meshConfig(), stop);

    const byProgram: Series = { label: "the program: `pulumi up`, until the page answers", unit: "s", samples: [] };
    const byScript = (label: string, options: DeployOptions) => {
        const series: Series = { label, unit: "s", samples: [] };
        const contend = async () => {
            const folder = mkdtempSync(path.join(scratch, "script-"));
            series.samples.push(await cluster.runScript(deployScript(steps, PAGE, options), folder, stop));
            await cluster.runScript(removeScript(steps), folder, stop);
            await cluster.clear(stop);
        };
        return { series, contend };
    };
    const defaults = byScript("the script, with the charts' default values", { values: leastValues(steps) });
    const same = byScript("the script, with the program's values", {});
    const sideBySide = byScript("the same, the gateway and Bookinfo side by side", { sideBySide: true });

    await cluster.clear(stop);
    await inTurn(rounds, [
        async () => {
            const { seconds } = await program.up(stop);
            byProgram.samples.push(seconds + (await cluster.untilPage(stop)));
            await program.destroy(stop);
            await cluster.clear(stop);
        },
        defaults.contend,
        same.contend,
        sideBySide.contend,
    ]);
    return {
        title: "From nothing to the page",
        notes: [
            "The mesh, Bookinfo and its gateway, with every add-on off on both sides. The script deploys the objects that the " +
                "program renders, and goes on until the page answers. With the charts' default values it sets nothing but " +
                "where the images are and what the sandbox's stock Envoy needs. Helm looks every 2 s whether a release is ready, on " +
                "all sides; by the charts' defaults it takes 15 s more whenever the gateway misses its first probe. The script that " +
                "deploys the gateway and Bookinfo side by side, as the program does, tells what is left without an engine: the " +
                "CRDs, then istiod, then the pods that it injects.",
            scriptNote(deployScript(steps, PAGE).text),
        ],
        series: [byProgram, defaults.series, same.series, sideBySide.series],
        checks: [
            ratio("the program / the script with default values", byProgram, defaults.series, 0.6),
            ratio("the program / the script with the program's values", byProgram, same.series, 1.0),
        ],
    };
}

function scriptNote(text: string): string {
    return `The script:\n\n\`\`\`sh\n${text}\`\`\``;
}

/** Taking away what is deployed, by the program and by a plain one of the same resources. */
export async function measureDestroy(
    engine: Engine,
    rounds: number,
    scratch: string,
    stop: AbortSignal,
): Promise<PartResult> {
    const cluster = await BenchCluster.connect();
    const steps = await meshSteps(stop);
    const program = new EngineProject(engine, path.join(scratch, "program"));
    const plain = new EngineProject(engine, path.join(scratch, "plain"), "plain");
    const single = new EngineProject(engine, path.join(scratch, "single"), "single");
    await program.prepare(meshConfig(), stop);
    await plain.prepare({}, stop);
    await single.prepare({}, stop);
    writeFileSync(path.join(plain.folder, "steps.json"), JSON.stringify(plainInput(cluster, steps)));
    writeFileSync(path.join(single.folder, "cluster.json"), JSON.stringify(cluster.stack.cluster));

    const contender = (label: string, project: EngineProject, ready?: () => Promise<unknown>) => {
        const series: Series = { label, unit: "s", samples: [] };
        const contend = async () => {
            await project.up(stop);
            await ready?.();
            series.samples.push((await project.destroy(stop)).seconds);
            await cluster.clear(stop);
        };
        return { series, contend };
    };
    const page = () => cluster.untilPage(stop);
    const ours = contender("`pulumi destroy` of the program", program, page);
    const theirs = contender("`pulumi destroy` of a plain program", plain, page);
    const least = contender("`pulumi destroy` of a program with a single, empty Namespace", single);

    await cluster.clear(stop);
    await inTurn(rounds, [ours.contend, theirs.contend, least.contend]);
    return {
        title: "Destroy",
        notes: [
            "The same objects, add-ons off. The plain program ([`packages/bench/programs/plain.ts`](../packages/bench/programs/plain.ts)) declares " +
                "them in the order of the script, awaits everything, and leaves the charts' values at their defaults. In either, " +
                "Bookinfo's pods serve on for 3 s, for which the program does not wait with Istio's releases, and Kubernetes looks " +
                "into a deleted namespace after 5 s. By the time that this plain program is up, the cluster's garbage collector " +
                "knows Istio's kinds; destroyed earlier, it waits for that, up to 30 s. Only the program removes what Istio leaves, " +
                "its CRDs among them, and that counts in its time. The single Namespace tells what is left when every pod is gone.",
        ],
        series: [ours.series, theirs.series, least.series],
        checks: [ratio("the program / the plain program", ours.series, theirs.series, 0.6)],
    };
}

/** What the plain program reads. */
function plainInput({ stack }: BenchCluster, steps: Step[]): object {
    return { steps, values: leastValues(steps), cluster: stack.cluster };
}
