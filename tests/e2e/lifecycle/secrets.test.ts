import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeWithPulumi, pulumiOn, stateFolder } from "../engine";
import { start } from "../processes";
import {
    coldStart,
    get,
    kubectl,
    npmRun,
    poll,
    productPage,
    removeStack,
    sandboxKubeconfig,
    writeStackFile,
} from "../commands";
import { contentsBelow, findLeaks, kubeconfigSecrets } from "./credentials";
import { nothingDeployed } from "../sharedSandbox";

/*
 * Everything that a deployment prints and writes is searched for the kubeconfig and Grafana's password. If Grafana's image cannot be
 * pulled, the deployment is stopped after the rest is deployed.
 */

const stack = "secrets";
const folder = fs.mkdtempSync(path.join(tmpdir(), "secrets-"));
const grafana = ["--namespace=istio-system", "--selector=app=grafana"];

function configure(kubeconfig: string): void {
    writeStackFile(stack, { cluster: { path: kubeconfig }, istio: { grafana: { enabled: true } } });
}

/** Grafana's password, as Kubernetes encodes it and in clear. */
async function passwords(): Promise<string[]> {
    const path = "--output=jsonpath={.data.admin-password}";
    const encoded = await kubectl("get", "secret", "grafana-admin", "--namespace=istio-system", path);
    const password = Buffer.from(encoded, "base64").toString();
    expect(password).toHaveLength(32);
    return [encoded, password];
}

describeWithPulumi("the kubeconfig and Grafana's password", () => {
    const printed: Record<string, string> = {};
    let secrets: string[];

    beforeAll(async () => {
        await nothingDeployed();
        configure(sandboxKubeconfig);
        const { child, ended } = start("up", "--stack", stack);
        let hasEnded = false;
        void ended.then(() => (hasEnded = true));
        const status = () => kubectl("get", "pods", ...grafana, "--no-headers").catch(() => "");
        const served = () => get(productPage).catch(() => ({ status: 0 }));
        const isDeployed = async () =>
            /ImagePullBackOff|ErrImagePull|Running/.test(await status()) && (await served()).status === 200;
        await poll(async () => hasEnded || (await isDeployed()), Boolean, { interval: 500 });
        // Helm checks every 2 s whether a release is ready.
        await sleep(5000);
        child.kill("SIGINT");
        printed.up = (await ended).output;
        secrets = [...kubeconfigSecrets(), ...(await passwords())];
    }, coldStart);

    afterAll(async () => {
        await removeStack(stack);
        fs.rmSync(folder, { recursive: true });
    }, 300_000);

    it("are found by this search if they are printed", async () => {
        const { stdout } = await pulumiOn(stack)("stack export", "--show-secrets");
        expect(stdout).toContain("admin-password");
        expect(findLeaks(secrets.slice(0, 1), { stdout })).toEqual(["stdout"]);
        expect(findLeaks(secrets.slice(2, 3), { stdout })).toEqual(["stdout"]);
    }, 60_000);

    it("are not in the output of the commands", async () => {
        for (const command of [
            "preview --diff",
            "preview --json",
            "preview --refresh --diff",
            "stack export",
            "stack",
        ]) {
            const { code, output } = await pulumiOn(stack)(command);
            expect({ command, code, output }).toMatchObject({ code: 0 });
            printed[command] = output;
        }
        expect(findLeaks(secrets, printed)).toEqual([]);
    }, 180_000);

    it("are not in the files of the state, its history and backups", () => {
        const files = contentsBelow(stateFolder);
        expect(Object.keys(files).join("\n")).toContain(`${stack}.json`);
        expect(findLeaks(secrets, files)).toEqual([]);
    });

    it("are not in the rendered files", async () => {
        const rendered = path.join(folder, "rendered");
        const { code, output } = await npmRun("render", "--manifests", "--stack", stack, "--out", rendered);
        expect({ code, output }).toMatchObject({ code: 0 });
        const files = contentsBelow(rendered);
        expect(Object.keys(files).join("\n")).toMatch(/grafana-admin/);
        expect(findLeaks(secrets, { output, ...files })).toEqual([]);
    }, 60_000);

    it("are not in the messages about an unusable kubeconfig", async () => {
        const broken = path.join(folder, "kubeconfig");
        const [start = ""] = secrets;
        // A key with one invalid character.
        const content = fs.readFileSync(sandboxKubeconfig, "utf8").replace(start, `${start.slice(0, 59)}!`);
        fs.writeFileSync(broken, content);
        configure(broken);
        const messages = {
            up: (await npmRun("up", "--stack", stack)).output,
            preview: (await pulumiOn(stack)("preview --diff")).output,
        };
        expect(messages.up).toContain("error: ");
        expect(findLeaks([start.slice(0, 59), ...secrets.slice(1)], messages)).toEqual([]);
    }, 120_000);
});
