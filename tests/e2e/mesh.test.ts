import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { NamedResult } from "../../packages/cli/verify/check";
import type { LoadSummary } from "../../packages/cli/load/summary";
import { DASHBOARDS, QUERIES } from "../unit/grafanaDashboards";
import { ISTIO_METRICS } from "../unit/istioMetrics";
import { checkQuery, interpolate } from "../unit/promql";
import {
    clone,
    coldStart,
    get,
    kubectl,
    listObjects,
    npmRun,
    pageIn,
    plainText,
    poll,
    removeStack,
    runCommand,
    sandboxEnvironment,
    stackFile,
    writeStackFile,
} from "./commands";

/*
 * What a user sees of the mesh after `up`, with the commands of the 2018 post that this project is based on. The sandbox's stock Envoy
 * does not report istio_requests_total. The rules in Pulumi.local.yaml compute it from the proxies' own counters.
 */

beforeAll(async () => {
    for (const [script, ...args] of [["sandbox", "up"], ["up", "--rendered"], ["load"]] as const) {
        expect(await npmRun(script, ...args)).toMatchObject({ code: 0 });
    }
}, coldStart);

afterAll(async () => {
    await npmRun("down");
}, 300_000);

/** The post's commands, literally but without the `&`. */
const POST_COMMANDS = {
    grafana:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=grafana -o jsonpath='{.items[0].metadata.name}') 3000:3000",
    jaeger: "kubectl port-forward -n istio-system $(kubectl get pod -n istio-system -l app=jaeger -o jsonpath='{.items[0].metadata.name}') 16686:16686",
    servicegraph:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=servicegraph -o jsonpath='{.items[0].metadata.name}') 8088:8088",
    // The post opens these two as well; their commands here have the same form.
    kiali: "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=kiali -o jsonpath='{.items[0].metadata.name}') 20001:20001",
    prometheus:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=prometheus -o jsonpath='{.items[0].metadata.name}') 9090:9090",
};

/** Runs a command that forwards ports, does something after the command has printed that it is ready, and ends the command. */
async function during<T>(command: string, ready: RegExp, work: () => Promise<T>): Promise<T> {
    const child = spawn("bash", ["-c", command], {
        cwd: clone,
        env: { ...plainText, ...sandboxEnvironment },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
    });
    try {
        await waitForOutput(child, ready);
        return await work();
    } finally {
        const ended = once(child, "exit");
        if (child.exitCode === null && child.pid !== undefined) {
            process.kill(-child.pid, "SIGINT");
            await ended;
        }
    }
}

/** Waits until a process prints a text. @throws Error with the output, if the process ends before */
function waitForOutput(child: ChildProcess, text: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
        let output = "";
        for (const stream of [child.stdout, child.stderr]) {
            stream?.on("data", (chunk: Buffer) => {
                output += chunk.toString();
                if (text.test(output)) {
                    resolve();
                }
            });
        }
        child.once("exit", () => {
            reject(new Error(output));
        });
    });
}

/** GETs JSON. */
async function getJson<T>(url: string): Promise<T> {
    const { status, body } = await get(url);
    expect({ url, status, body }).toMatchObject({ status: 200 });
    return JSON.parse(body) as T;
}

describe("npm run load", () => {
    it("sends its requests and counts the answers", async () => {
        const { code, stdout } = await npmRun("load", "--requests", "60", "--concurrency", "4", "--json");
        const summary = JSON.parse(stdout) as LoadSummary;
        expect({ code, ...summary }).toMatchObject({ code: 0, statuses: { 200: 60 }, failed: 0 });
        expect(Object.keys(summary.reviews)).toEqual(["v1", "v2", "v3"]);
        expect(summary.latency?.p50).toBeLessThanOrEqual(summary.latency?.max ?? 0);
    }, 60_000);
});

describe("npm run verify", () => {
    const verify = async () => {
        const { code, stdout } = await npmRun("verify", "--json");
        const { checks } = JSON.parse(stdout) as { checks: NamedResult[] };
        return { code, failed: checks.filter(({ status }) => status === "failed"), checks };
    };

    it("passes every check, and names the add-ons that are off", async () => {
        const { code, failed, checks } = await verify();
        expect(failed).toEqual([]);
        expect(code).toBe(0);
        const named = (status: string) => checks.filter((check) => check.status === status).map(({ name }) => name);
        expect(named("off")).toEqual(["Grafana", "Kiali"]);
        expect(named("ok")).toEqual([
            ...["releases", "sidecars", "strict mTLS", "gateway", "page", "traces", "metrics", "servicegraph"],
        ]);
    }, 180_000);

    it("fails without the policy, because plain text is accepted", async () => {
        const policy = ["peerauthentication", "default", "--namespace", "istio-system"];
        const manifest = path.join(os.tmpdir(), `policy-${process.pid}.json`);
        fs.writeFileSync(manifest, await kubectl("get", ...policy, "--output", "json"));
        try {
            await kubectl("delete", ...policy);
            const { code, failed } = await verify();
            expect(code).toBe(1);
            expect(failed).toMatchObject([{ name: "strict mTLS", remedy: expect.any(String) as string }]);
        } finally {
            await kubectl("replace", "--force", "--filename", manifest);
            fs.rmSync(manifest);
        }
    }, 240_000);
});

describe("Jaeger, with the post's command", () => {
    // The sandbox's Jaeger 2.2 answers at / even with a base path. From 2.16 on, Jaeger does not.
    it("answers at / and has a trace across all services", async () => {
        const services = await during(POST_COMMANDS.jaeger, /Forwarding from/, async () => {
            expect(await get("http://localhost:16686/")).toMatchObject({ status: 200 });
            const { data } = await getJson<{ data: Trace[] }>(
                "http://localhost:16686/api/traces?service=istio-ingressgateway.istio-system&limit=200",
            );
            return data.map(({ processes }) =>
                [...new Set(Object.values(processes).map(({ serviceName }) => serviceName.split(".")[0]))].sort(),
            );
        });
        expect(services).toContainEqual(["details", "istio-ingressgateway", "productpage", "ratings", "reviews"]);
    }, 60_000);
});

interface Trace {
    processes: Record<string, { serviceName: string }>;
}

describe("servicegraph, with the post's command", () => {
    /** The edges of Bookinfo. */
    const EDGES = [
        "istio-ingressgateway -> productpage-v1",
        "productpage-v1 -> details-v1",
        "productpage-v1 -> reviews-v1",
        "productpage-v1 -> reviews-v2",
        "productpage-v1 -> reviews-v3",
        "reviews-v2 -> ratings-v1",
        "reviews-v3 -> ratings-v1",
    ];
    const workload = (node: string) => /\((.*)\)$/.exec(node)?.[1] ?? node;

    it("shows the edges of Bookinfo, as JSON and as a picture", async () => {
        // New requests, because a rate covers only the last minutes.
        expect(await npmRun("load", "--requests", "60")).toMatchObject({ code: 0 });
        await during(POST_COMMANDS.servicegraph, /Forwarding from/, async () => {
            const url = "http://localhost:8088/graph?filter_empty=true";
            const readEdges = async () => {
                const graph = await getJson<{ edges: { source: string; target: string }[] | null }>(url);
                return (graph.edges ?? []).map(({ source, target }) => `${workload(source)} -> ${workload(target)}`);
            };
            const edges = await poll(readEdges, ({ length }) => length >= EDGES.length, {
                timeout: 90_000,
                interval: 1000,
            });
            expect(edges.sort()).toEqual(EDGES);
            const { status, body } = await get("http://localhost:8088/dotviz");
            expect(status).toBe(200);
            for (const name of new Set(EDGES.flatMap((edge) => edge.split(" -> ")))) {
                expect(body).toContain(name);
            }
        });
    }, 120_000);
});

/** The path of Prometheus' API that Grafana requests for a variable of a dashboard. */
function pathForVariable(query: string): string {
    const { text } = interpolate(query);
    const labels = /^label_values\((.+), (\w+)\)$/.exec(text);
    if (labels) {
        return `/api/v1/label/${labels[2] ?? ""}/values?${new URLSearchParams({ "match[]": labels[1] ?? "" }).toString()}`;
    }
    const result = /^query_result\((.+)\)$/.exec(text);
    return `/api/v1/query?${new URLSearchParams({ query: result?.[1] ?? `neither form: ${text}` }).toString()}`;
}

/**
 * istiod's metrics without series in this mesh: those of errors that have not happened, and of the chain of a certificate authority
 * that istiod has not created itself.
 */
const WITHOUT_SERIES = /err|fail|reject|timeout|expired|skip|cert_chain/;

describe("Prometheus, with its command", () => {
    it("answers the requests for the dashboards' variables", async () => {
        const variables = DASHBOARDS.flatMap(({ templating }) => templating.list).filter(
            ({ type }) => type === "query",
        );
        expect(variables.length).toBeGreaterThan(0);
        await during(POST_COMMANDS.prometheus, /Forwarding from/, async () => {
            for (const { name, query } of variables) {
                const path = pathForVariable(typeof query === "string" ? query : query.query);
                const { status, body } = await get(`http://localhost:9090${path}`);
                expect({ name, status, body }).toMatchObject({ status: 200 });
            }
        });
    }, 60_000);

    it("has the metrics of istiod in the dashboards", async () => {
        const read = QUERIES.flatMap(({ target }) => checkQuery(interpolate(target.expr).text, ISTIO_METRICS).metrics);
        const expected = [...new Set(read)].filter(
            (metric) => /^(citadel|galley|pilot|sidecar_injection)_/.test(metric) && !WITHOUT_SERIES.test(metric),
        );
        expect(expected.length).toBeGreaterThan(10);
        await during(POST_COMMANDS.prometheus, /Forwarding from/, async () => {
            const { data } = await getJson<{ data: string[] }>("http://localhost:9090/api/v1/label/__name__/values");
            expect(expected.filter((metric) => !data.includes(metric))).toEqual([]);
        });
    }, 60_000);

    it("accepts every query of Grafana's dashboards, and evaluates its rules without errors", async () => {
        await during(POST_COMMANDS.prometheus, /Forwarding from/, async () => {
            for (const { name, target } of QUERIES) {
                const query = new URLSearchParams({ query: interpolate(target.expr).text }).toString();
                const { status, body } = await get(`http://localhost:9090/api/v1/query?${query}`);
                expect({ name, status, body }).toMatchObject({ status: 200 });
            }
            const { data } = await getJson<{ data: { groups: { rules: { name: string; health: string }[] }[] } }>(
                "http://localhost:9090/api/v1/rules",
            );
            const rules = data.groups.flatMap((group) => group.rules);
            expect(rules.length).toBeGreaterThan(0);
            expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
        });
    }, 120_000);
});

describe("npm run dashboard", () => {
    it("forwards to the new pod after the add-on's pod was replaced", async () => {
        const command = "npm run --silent dashboard -- prometheus --no-open";
        await during(command, /localhost:9090/, async () => {
            expect(await get("http://localhost:9090/-/ready")).toMatchObject({ status: 200 });
            await kubectl("--namespace", "istio-system", "delete", "pod", "--selector", "app=prometheus");
            await kubectl("--namespace", "istio-system", "rollout", "status", "deployment/prometheus");
            const readStatus = () =>
                get("http://localhost:9090/-/ready").then(
                    ({ status }) => status,
                    () => 0,
                );
            const last = await poll(readStatus, (status) => status === 200, { timeout: 30_000, interval: 500 });
            expect(last).toBe(200);
        });
    }, 120_000);

    it("names the config key that switches a missing add-on on", async () => {
        const { code, output } = await npmRun("dashboard", "grafana");
        expect(code).toBe(1);
        expect(output).toContain("istio.grafana.enabled true");
    }, 30_000);
});

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
const describeWithRegistries = hasRegistries ? describe : describe.skip;
const describeWithoutRegistries = hasRegistries ? describe.skip : describe;

describeWithRegistries("Grafana and Kiali (need container registries and Kiali's chart repository)", () => {
    beforeAll(async () => {
        writeStackWith("grafana", "kiali");
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await npmRun("up", "--rendered", "--stack", withAddons)).toMatchObject({ code: 0 });
        expect(await npmRun("load", "--stack", withAddons)).toMatchObject({ code: 0 });
    }, 900_000);

    afterAll(() => removeStack(withAddons, "--keep-cluster"), 300_000);

    it("run, and pass the checks of verify", async () => {
        const { code, output } = await npmRun("verify", "--stack", withAddons);
        expect({ code, output }).toMatchObject({ code: 0, output: expect.not.stringMatching(/^ *off/m) as string });
    }, 180_000);

    it.each(["grafana", "kiali"] as const)("%s's pod is found by the post's command", async (addon) => {
        await during(POST_COMMANDS[addon], /Forwarding from/, () => Promise.resolve());
    });
});

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
        const kinds = files.filter((file) => file.endsWith(".yaml")).map((file) => path.basename(file).split("-")[1]);
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

describe("tracing and Kiali (with a stand-in for its chart)", () => {
    const stack = "e2e-switches";
    const charts = makeKialiChart();
    const traces = async () => ({
        objects: (await listObjects()).filter((object) => /jaeger|tracing|mesh-default|kiali/.test(object)),
        providers: (
            await kubectl("--namespace", "istio-system", "get", "configmap", "istio", "--output", "yaml")
        ).match(/jaeger-collector/g),
    });

    beforeAll(async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        writeStackFile(stack, { istio: { kiali: { enabled: true, chartRepository: charts } } });
        expect(await npmRun("up", "--rendered", "--stack", stack)).toMatchObject({ code: 0 });
    }, 300_000);

    afterAll(async () => {
        await removeStack(stack, "--keep-cluster");
        fs.rmSync(charts, { recursive: true });
    }, 300_000);

    const system = async (...command: string[]) => kubectl("--namespace", "istio-system", ...command);

    it("give Kiali's release the addresses of the other add-ons, and a key in a Secret", async () => {
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

    it("leave no object and no setting of istiod if they are switched off, and the page answers", async () => {
        const before = await traces();
        for (const trace of [/jaeger/, /Telemetry/i, /kiali-values/, /kiali-signing-key/]) {
            expect(before.objects).toContainEqual(expect.stringMatching(trace));
        }
        expect(before.providers).not.toBeNull();
        writeStackFile(stack, { istio: { tracing: { enabled: false } } });
        const up = await npmRun("up", "--rendered", "--stack", stack);
        expect(up).toMatchObject({ code: 0 });
        expect(await traces()).toEqual({ objects: [], providers: null });
        expect(await get(pageIn(up.output))).toMatchObject({ status: 200 });
    }, 300_000);
});

/** Runs the part of the post's command that finds the pod. */
function findPod(addon: keyof typeof POST_COMMANDS) {
    const find = /\$\((.*)\)/.exec(POST_COMMANDS[addon])?.[1] ?? "";
    return runCommand("bash", ["-c", find], sandboxEnvironment);
}
