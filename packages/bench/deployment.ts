import { mkdtempSync } from "node:fs";
import path from "node:path";
import { BenchCluster, PAGE } from "./cluster";
import { EngineProject } from "./engineProject";
import { leastValues, meshConfig, meshSteps } from "./mesh";
import { contender, inTurn, type PartResult, ratio, type Setting } from "./result";
import { type DeployOptions, deployScript, removeScript } from "./script";

/** Measures a deployment until the page answers, with the program and with scripts. */
export async function measureUp(setting: Setting): Promise<PartResult> {
    const { rounds, scratch, stop } = setting;
    const cluster = await BenchCluster.connect(stop);
    const steps = await meshSteps(stop);
    const program = await EngineProject.create(setting, "program", { config: meshConfig() });

    const byProgram = contender("the program: `pulumi up`, until the page answers", async () => {
        const { seconds } = await program.up();
        const untilPage = await cluster.untilPage();
        await program.destroy();
        await cluster.clear();
        return seconds + untilPage;
    });
    const byScript = (label: string, options: DeployOptions) =>
        contender(label, async () => {
            const folder = mkdtempSync(path.join(scratch, "script-"));
            const seconds = await cluster.runScript(deployScript(steps, PAGE, options), folder);
            await cluster.runScript(removeScript(steps), folder);
            await cluster.clear();
            return seconds;
        });
    const defaults = byScript("the script, with the charts' default values", { values: leastValues(steps) });
    const same = byScript("the script, with the program's values", {});
    const sideBySide = byScript("the same, the gateway and Bookinfo side by side", { sideBySide: true });

    await cluster.clear();
    const contenders = [byProgram, defaults, same, sideBySide];
    await inTurn(rounds, contenders);
    return {
        title: "From nothing to the page",
        notes: [
            "Both sides deploy the mesh, Bookinfo and its gateway, with every add-on off. The script deploys the objects that the " +
                "program renders, and waits until the page answers. With the charts' default values, it sets only where the " +
                "images are and what the sandbox's stock Envoy needs. On all sides, Helm checks every 2 s whether a release is " +
                "ready. With the charts' defaults, it needs 15 s more if the gateway misses its first probe. The last script " +
                "deploys the gateway and Bookinfo at the same time, as the program does. It shows the time without an engine: " +
                "for the CRDs, then istiod, then the injected pods.",
            `The script:\n\n\`\`\`sh\n${deployScript(steps, PAGE).text}\`\`\``,
        ],
        series: contenders.map(({ series }) => series),
        checks: [
            ratio("the program / the script with the program's values", byProgram.series, same.series, 1.0),
            ratio("the program / the same script side by side", byProgram.series, sideBySide.series, 1.05),
        ],
    };
}

/** Measures the removal of a deployment, with the program and with a plain program of the same resources. */
export async function measureDestroy(setting: Setting): Promise<PartResult> {
    const { rounds, stop } = setting;
    const cluster = await BenchCluster.connect(stop);
    const steps = await meshSteps(stop);
    const address = cluster.stack.cluster;
    const plainInput = { "steps.json": { steps, values: leastValues(steps), cluster: address } };
    const singleInput = { "cluster.json": address };
    const program = await EngineProject.create(setting, "program", { config: meshConfig() });
    const plain = await EngineProject.create(setting, "plain", { program: "plain", input: plainInput });
    const single = await EngineProject.create(setting, "single", { program: "single", input: singleInput });

    const removal = (label: string, project: EngineProject, isReady?: () => Promise<unknown>) =>
        contender(label, async () => {
            await project.up();
            await isReady?.();
            const { seconds } = await project.destroy();
            await cluster.clear();
            return seconds;
        });
    const page = () => cluster.untilPage();
    const ours = removal("`pulumi destroy` of the program", program, page);
    const theirs = removal("`pulumi destroy` of a plain program", plain, page);
    const least = removal("`pulumi destroy` of a program with a single, empty Namespace", single);

    await cluster.clear();
    const contenders = [ours, theirs, least];
    await inTurn(rounds, contenders);
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
        series: contenders.map(({ series }) => series),
        checks: [ratio("the program / the plain program", ours.series, theirs.series, 0.8)],
    };
}
