import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
    bookinfoPods,
    coldStart,
    type CommandResult,
    get,
    getFromNode,
    kubectl,
    listObjects,
    npmRun,
    pageIn,
    poll,
    removeStack,
    stackFile,
    writeStackFile,
} from "./commands";
import { during, findPod, POST_COMMANDS } from "./postCommands";
import { nothingDeployed } from "./sharedSandbox";

/* What config switches on and off: mutual TLS, tracing, and the add-ons that the sandbox's stack lacks. */

beforeAll(async () => {
    await nothingDeployed();
}, coldStart);

/** A stack with add-ons that the sandbox's stack has switched off. */
const withAddons = "e2e-addons";

function writeStackWith(...addons: ("grafana" | "kiali")[]): void {
    const istio = Object.fromEntries(addons.map((addon) => [addon, { enabled: true }]));
    writeStackFile(withAddons, { istio });
    expect(fs.readFileSync(stackFile(withAddons), "utf8").match(/enabled: true/g)).toHaveLength(addons.length);
}

/** Whether the images of Grafana and Kiali, and Kiali's chart, can be downloaded. */
const hasRegistries = [
    "https://registry-1.docker.io/v2/",
    "https://quay.io/v2/",
    "https://kiali.org/helm-charts/",
].every((url) => {
    const ask = `fetch("${url}", { signal: AbortSignal.timeout(3000) }).then(() => process.exit(0), () => process.exit(1))`;
    return spawnSync(process.execPath, ["--eval", ask]).status === 0;
});
const off = { enabled: false };

const describeWithRegistries = hasRegistries ? describe : describe.skip;
const describeWithoutRegistries = hasRegistries ? describe.skip : describe;

describeWithRegistries("Grafana and Kiali (need container registries and Kiali's chart repository)", () => {
    beforeAll(async () => {
        writeStackWith("grafana", "kiali");
        expect(await npmRun("up", "--rendered", "--stack", withAddons)).toMatchObject({ code: 0 });
        expect(await npmRun("load", "--stack", withAddons)).toMatchObject({ code: 0 });
    }, 900_000);

    afterAll(() => removeStack(withAddons), 300_000);

    it("run, and pass the checks of verify", async () => {
        const { code, output } = await npmRun("verify", "--stack", withAddons);
        expect({ code, output }).toMatchObject({ code: 0, output: expect.not.stringMatching(/^ *off/m) as string });
    }, 180_000);

    it("Kiali has no permission in the whole cluster, and reads no logs", async () => {
        const ofKiali = ["--selector", "app.kubernetes.io/name=kiali", "--output", "json"];
        const clusterWide = await kubectl("get", "clusterroles,clusterrolebindings", ...ofKiali);
        expect((JSON.parse(clusterWide) as { items: unknown[] }).items).toEqual([]);
        const roles = await kubectl("get", "roles", "--all-namespaces", ...ofKiali);
        const { items } = JSON.parse(roles) as { items: { metadata: { namespace: string } }[] };
        expect(items.map(({ metadata }) => metadata.namespace).sort()).toEqual(["default", "istio-system"]);
        expect(roles).not.toContain("pods/log");
    }, 30_000);

    it.each(["grafana", "kiali"] as const)("%s's pod is found by the post's command", async (addon) => {
        await during(POST_COMMANDS[addon], /Forwarding from/, () => Promise.resolve());
    });
});

/** Makes a folder with a stand-in for Kiali's chart, which cannot be downloaded here. Its only object shows its values. */
function makeKialiChart(): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "charts-"));
    const chart = path.join(folder, "kiali-server");
    fs.mkdirSync(path.join(chart, "templates"), { recursive: true });
    fs.writeFileSync(path.join(chart, "Chart.yaml"), "apiVersion: v2\nname: kiali-server\nversion: 0.0.1\n");
    fs.writeFileSync(
        path.join(chart, "templates", "values.yaml"),
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: kiali-values}, data: {json: {{ toJson .Values | quote }}}}\n",
    );
    return folder;
}

describe("a stack with mutual TLS off, with tracing and Kiali (with a stand-in for its chart)", () => {
    const stack = "e2e-switches";
    const charts = makeKialiChart();
    let up: CommandResult;
    const traces = async () => ({
        objects: (await listObjects()).filter((object) => /jaeger|tracing|mesh-default|kiali/.test(object)),
        providers: (
            await kubectl("--namespace", "istio-system", "get", "configmap", "istio", "--output", "yaml")
        ).match(/jaeger-collector/g),
    });

    beforeAll(async () => {
        const kiali = { enabled: true, chartRepository: charts };
        writeStackFile(stack, { istio: { global: { mtls: off }, kiali, servicegraph: off } });
        up = await npmRun("up", "--rendered", "--stack", stack);
        expect(up).toMatchObject({ code: 0 });
    }, 300_000);

    afterAll(async () => {
        await removeStack(stack);
        fs.rmSync(charts, { recursive: true });
    }, 300_000);

    const system = async (...command: string[]) => kubectl("--namespace", "istio-system", ...command);

    it("serves the page, and accepts plain HTTP to every pod", async () => {
        expect(await get(pageIn(up.output))).toMatchObject({ status: 200 });
        for (const pod of await bookinfoPods()) {
            expect(await getFromNode(`http://${pod.status.podIP}:9080/health`)).toBe("200");
        }
    }, 60_000);

    it("gives Kiali's release the addresses of the other add-ons, and a key in a Secret", async () => {
        const given = await system("get", "configmap", "kiali-values", "--output", "jsonpath={.data.json}");
        expect(JSON.parse(given)).toMatchObject({
            external_services: {
                prometheus: { url: "http://prometheus:9090" },
                grafana: { enabled: false },
                tracing: { enabled: true, internal_url: "http://tracing.istio-system:16685" },
            },
            login_token: { signing_key: "secret:kiali-signing-key:key" },
        });
        const key = await system("get", "secret", "kiali-signing-key", "--output", "jsonpath={.data.key}");
        // Kiali takes keys of 16, 24 or 32 bytes.
        expect(Buffer.from(key, "base64")).toHaveLength(32);
    }, 30_000);

    describeWithoutRegistries("Grafana without its image (skipped if the registries can be reached)", () => {
        let folder: string;
        let files: string[];

        beforeAll(async () => {
            // Without Kiali, whose chart cannot be downloaded here.
            writeStackWith("grafana");
            folder = fs.mkdtempSync(path.join(os.tmpdir(), "addons-"));
            const render = ["--stack", withAddons, "--out", folder];
            expect(await npmRun("render", ...render)).toMatchObject({ code: 0 });
            files = fs
                .readdirSync(folder)
                .filter((file) => file.includes("grafana") && file.endsWith(".yaml"))
                .flatMap((file) => ["--filename", path.join(folder, file)]);
        }, 60_000);

        afterAll(async () => {
            await kubectl("delete", "--ignore-not-found", ...files);
            fs.rmSync(stackFile(withAddons), { force: true });
            fs.rmSync(folder, { recursive: true });
        }, 60_000);

        it("has objects that the API server accepts in a dry run", async () => {
            const kinds = files
                .filter((file) => file.endsWith(".yaml"))
                .map((file) => path.basename(file).split("-")[1]);
            expect(kinds).toEqual(expect.arrayContaining(["secret", "service", "configmap", "deployment"]));
            await kubectl("apply", "--server-side", "--dry-run=server", "--field-manager=dry-run", ...files);
        }, 60_000);

        it("has a pod that the post's command finds, although it cannot start", async () => {
            await kubectl("apply", "--server-side", ...files);
            const { stdout } = await poll(
                () => findPod("grafana"),
                (found) => found.stdout !== "",
                { timeout: 20_000 },
            );
            expect(stdout).toMatch(/^grafana-/);
        }, 60_000);
    });

    it("has no object and no setting of istiod of tracing and Kiali if they are switched off, and the page answers", async () => {
        const before = await traces();
        for (const trace of [/jaeger/, /Telemetry/i, /kiali-values/, /kiali-signing-key/]) {
            expect(before.objects).toContainEqual(expect.stringMatching(trace));
        }
        expect(before.providers).not.toBeNull();
        writeStackFile(stack, { istio: { tracing: off, servicegraph: off } });
        up = await npmRun("up", "--rendered", "--stack", stack);
        expect(up).toMatchObject({ code: 0 });
        expect(await traces()).toEqual({ objects: [], providers: null });
        expect(await get(pageIn(up.output))).toMatchObject({ status: 200 });
    }, 300_000);
});
