import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeEngine, pulumiOn, stateFolder } from "../engine";
import { start } from "../processes";
import { clone, coldStart, get, kubectl, npmRun, sandboxKubeconfig, stackFileWith } from "../commands";
import { contentsBelow, kubeconfigSecrets, telling } from "./credentials";

/*
 * The kubeconfig and Grafana's password, searched for in all that a deployment prints and writes. Where Grafana's image cannot be
 * pulled, it is stopped once all else is deployed.
 */

const page = "http://198.51.100.20/productpage";
const stack = "secrets";
const stackFile = path.join(clone, `Pulumi.${stack}.yaml`);
const folder = fs.mkdtempSync(path.join(tmpdir(), "secrets-"));
const grafana = ["--namespace=istio-system", "--selector=app=grafana"];

function configure(kubeconfig: string): void {
    fs.writeFileSync(
        stackFile,
        stackFileWith({ cluster: { path: kubeconfig }, istio: { grafana: { enabled: true } } }),
    );
}

/** The password as it is used, and as Kubernetes writes it. */
async function passwords(): Promise<string[]> {
    const path = "--output=jsonpath={.data.admin-password}";
    const encoded = await kubectl("get", "secret", "grafana-admin", "--namespace=istio-system", path);
    const password = Buffer.from(encoded, "base64").toString();
    expect(password).toHaveLength(32);
    return [encoded, password];
}

describeEngine("the kubeconfig and Grafana's password", () => {
    const printed: Record<string, string> = {};
    let secrets: string[];

    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        configure(sandboxKubeconfig);
        const { child, ended } = start("up", "--stack", stack);
        const progress = { hasEnded: false };
        void ended.then(() => (progress.hasEnded = true));
        const status = () => kubectl("get", "pods", ...grafana, "--no-headers").catch(() => "");
        const served = () => get(page).catch(() => ({ status: 0 }));
        while (
            !progress.hasEnded &&
            !(/ImagePullBackOff|ErrImagePull|Running/.test(await status()) && (await served()).status === 200)
        ) {
            await sleep(500);
        }
        // Helm looks every 2 s whether a release is ready.
        await sleep(5000);
        child.kill("SIGINT");
        printed.up = (await ended).output;
        secrets = [...kubeconfigSecrets(), ...(await passwords())];
    }, coldStart);

    afterAll(async () => {
        await npmRun("down", "--stack", stack);
        await npmRun("sandbox", "down");
        fs.rmSync(stackFile, { force: true });
        fs.rmSync(folder, { recursive: true });
    }, 300_000);

    it("are found by this search where they are told", async () => {
        const { stdout } = await pulumiOn(stack)("stack export", "--show-secrets");
        expect(stdout).toContain("admin-password");
        expect(telling(secrets.slice(0, 1), { stdout })).toEqual(["stdout"]);
        expect(telling(secrets.slice(2, 3), { stdout })).toEqual(["stdout"]);
    }, 60_000);

    it("are in nothing that the commands print", async () => {
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
        expect(telling(secrets, printed)).toEqual([]);
    }, 180_000);

    it("are in no file of the state, with its history and backups", () => {
        const files = contentsBelow(stateFolder);
        expect(Object.keys(files).join("\n")).toContain(`${stack}.json`);
        expect(telling(secrets, files)).toEqual([]);
    });

    it("are not in what is rendered", async () => {
        const rendered = path.join(folder, "rendered");
        const { code, output } = await npmRun("render", "--stack", stack, "--out", rendered);
        expect({ code, output }).toMatchObject({ code: 0 });
        const files = contentsBelow(rendered);
        expect(Object.keys(files).join("\n")).toMatch(/grafana-admin/);
        expect(telling(secrets, { output, ...files })).toEqual([]);
    }, 60_000);

    it("are not in the messages of runs that cannot use the kubeconfig", async () => {
        const broken = path.join(folder, "kubeconfig");
        const [start = ""] = secrets;
        // Still the key, but none that can be read.
        const content = fs.readFileSync(sandboxKubeconfig, "utf8").replace(start, `${start.slice(0, 59)}!`);
        fs.writeFileSync(broken, content);
        configure(broken);
        const messages = {
            up: (await npmRun("up", "--stack", stack)).output,
            preview: (await pulumiOn(stack)("preview --diff")).output,
        };
        expect(messages.up).toContain("error: ");
        expect(telling([start.slice(0, 59), ...secrets.slice(1)], messages)).toEqual([]);
    }, 120_000);
});
