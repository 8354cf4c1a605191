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
            "Both sides deploy the mesh, Bookinfo and its gateway, with every add-on off. The script deploys the objects that the " +
                "program renders, and waits until the page answers. With the charts' default values, it sets only where the " +
                "images are and what the sandbox's stock Envoy needs. On all sides, Helm checks every 2 s whether a release is " +
                "ready. With the charts' defaults, it needs 15 s more if the gateway misses its first probe. The last script " +
                "deploys the gateway and Bookinfo at the same time, as the program does. It shows the time without an engine: " +
                "for the CRDs, then istiod, then the injected pods.",
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
            "Both sides remove the same objects, with add-ons off. The plain program " +
                "([`packages/bench/programs/plain.ts`](../packages/bench/programs/plain.ts)) declares them in the order of the " +
                "script, awaits everything, and uses the charts' default values. On both sides, Bookinfo's pods keep serving for " +
                "3 s, and Kubernetes checks a deleted namespace after 5 s. The program removes Istio's releases without waiting for " +
                "these 3 s. When the plain program is up, the cluster's garbage collector already knows Istio's kinds. A destroy " +
                "before that would wait for it, up to 30 s. Only the program removes what Istio leaves behind, such as its CRDs. " +
                "Its time includes this. The single Namespace shows the time that remains without any pod.",
        ],
        series: [ours.series, theirs.series, least.series],
        checks: [ratio("the program / the plain program", ours.series, theirs.series, 0.6)],
    };
}

/** What the plain program reads. */
function plainInput({ stack }: BenchCluster, steps: Step[]): object {
    return { steps, values: leastValues(steps), cluster: stack.cluster };
}
