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
    runCommand,
    sandboxBin,
    sandboxKubeconfig,
} from "./commands";

/*
 * What a person sees of the mesh who has run `up`, by what the seed had him type. The sandbox's stock Envoy does not report
 * istio_requests_total; its series are made of the proxies' own counters, by the rules in Pulumi.local.yaml.
 */

beforeAll(async () => {
    for (const [script, ...args] of [["sandbox", "up"], ["up", "--rendered"], ["load"]] as const) {
        expect(await npmRun(script, ...args)).toMatchObject({ code: 0 });
    }
}, coldStart);

afterAll(async () => {
    await npmRun("down");
}, 300_000);

/** The seed's commands, word for word but for the `&`, and the page that each one opens. */
const SEED = {
    grafana:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=grafana -o jsonpath='{.items[0].metadata.name}') 3000:3000",
    jaeger: "kubectl port-forward -n istio-system $(kubectl get pod -n istio-system -l app=jaeger -o jsonpath='{.items[0].metadata.name}') 16686:16686",
    servicegraph:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=servicegraph -o jsonpath='{.items[0].metadata.name}') 8088:8088",
    // The post opens these two as well; their commands are the same in form.
    kiali: "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=kiali -o jsonpath='{.items[0].metadata.name}') 20001:20001",
    prometheus:
        "kubectl -n istio-system port-forward $(kubectl -n istio-system get pod -l app=prometheus -o jsonpath='{.items[0].metadata.name}') 9090:9090",
};

/** Does something while a command runs that forwards ports, once it says so; then ends the command. */
async function during<T>(command: string, ready: RegExp, work: () => Promise<T>): Promise<T> {
    const env = {
        ...process.env,
        PATH: `${sandboxBin}:${process.env.PATH ?? ""}`,
        KUBECONFIG: sandboxKubeconfig,
        NO_COLOR: "1",
        FORCE_COLOR: undefined,
    };
    const child = spawn("bash", ["-c", command], {
        cwd: clone,
        env,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
    });
    try {
        await said(child, ready);
        return await work();
    } finally {
        const ended = once(child, "exit");
        if (child.exitCode === null && child.pid !== undefined) {
            process.kill(-child.pid, "SIGINT");
            await ended;
        }
    }
}

/** Waits until a process prints what matches. @throws Error with what it printed where it ends before */
function said(child: ChildProcess, text: RegExp): Promise<void> {
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

/** A GET of JSON. */
async function json<T>(url: string): Promise<T> {
    const { status, body } = await get(url);
    expect({ url, status, body }).toMatchObject({ status: 200 });
    return JSON.parse(body) as T;
}

describe("npm run load", () => {
    it("makes its requests and counts what came of them", async () => {
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

    it("finds everything in order, and says what is off", async () => {
        const { code, failed, checks } = await verify();
        expect(failed).toEqual([]);
        expect(code).toBe(0);
        const named = (status: string) => checks.filter((check) => check.status === status).map(({ name }) => name);
        expect(named("off")).toEqual(["Grafana", "Kiali"]);
        expect(named("ok")).toEqual([
            ...["releases", "sidecars", "strict mTLS", "gateway", "page", "traces", "metrics", "servicegraph"],
        ]);
    }, 180_000);

    it("finds plain text accepted once the policy is gone, and fails", async () => {
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

describe("Jaeger, by the seed's command", () => {
    // The sandbox's Jaeger, 2.2, would answer at / with a base path as well: only from 2.16 on it would not.
    it("answers at / and has one trace across all services", async () => {
        const services = await during(SEED.jaeger, /Forwarding from/, async () => {
            expect(await get("http://localhost:16686/")).toMatchObject({ status: 200 });
            const { data } = await json<{ data: Trace[] }>(
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

describe("servicegraph, by the seed's command", () => {
    /** Bookinfo as it is. */
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

    it("draws Bookinfo's real shape, as data and as a picture", async () => {
        // Requests of now: a rate looks back for minutes only.
        expect(await npmRun("load", "--requests", "60")).toMatchObject({ code: 0 });
        await during(SEED.servicegraph, /Forwarding from/, async () => {
            const url = "http://localhost:8088/graph?filter_empty=true";
            let edges: string[] = [];
            for (const end = Date.now() + 90_000; edges.length < EDGES.length && Date.now() < end;) {
                const graph = await json<{ edges: { source: string; target: string }[] | null }>(url);
                edges = (graph.edges ?? []).map(({ source, target }) => `${workload(source)} -> ${workload(target)}`);
                await new Promise((resolve) => setTimeout(resolve, 1000));
            }
            expect(edges.sort()).toEqual(EDGES);
            const { status, body } = await get("http://localhost:8088/dotviz");
            expect(status).toBe(200);
            for (const name of new Set(EDGES.flatMap((edge) => edge.split(" -> ")))) {
                expect(body).toContain(name);
            }
        });
    }, 120_000);
});

/** What Grafana asks Prometheus' API for a variable of a dashboard. */
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
 * istiod's metrics that this mesh has no series of: those of what has not happened yet, and of the chain of a certificate
 * authority that was not made by istiod itself.
 */
const NOT_HERE = /err|fail|reject|timeout|expired|skip|cert_chain/;

describe("Prometheus, by its command", () => {
    it("answers what Grafana asks for the dashboards' variables", async () => {
        const variables = DASHBOARDS.flatMap(({ templating }) => templating.list).filter(
            ({ type }) => type === "query",
        );
        expect(variables.length).toBeGreaterThan(0);
        await during(SEED.prometheus, /Forwarding from/, async () => {
            for (const { name, query } of variables) {
                const path = pathForVariable(typeof query === "string" ? query : query.query);
                const { status, body } = await get(`http://localhost:9090${path}`);
                expect({ name, status, body }).toMatchObject({ status: 200 });
            }
        });
    }, 60_000);

    it("has istiod's metrics that the dashboards read", async () => {
        const read = QUERIES.flatMap(({ target }) => checkQuery(interpolate(target.expr).text, ISTIO_METRICS).metrics);
        const expected = [...new Set(read)].filter(
            (metric) => /^(citadel|galley|pilot|sidecar_injection)_/.test(metric) && !NOT_HERE.test(metric),
        );
        expect(expected.length).toBeGreaterThan(10);
        await during(SEED.prometheus, /Forwarding from/, async () => {
            const { data } = await json<{ data: string[] }>("http://localhost:9090/api/v1/label/__name__/values");
            expect(expected.filter((metric) => !data.includes(metric))).toEqual([]);
        });
    }, 60_000);

    it("understands every query of Grafana's dashboards, and its rules are in order", async () => {
        await during(SEED.prometheus, /Forwarding from/, async () => {
            for (const { name, target } of QUERIES) {
                const query = new URLSearchParams({ query: interpolate(target.expr).text }).toString();
                const { status, body } = await get(`http://localhost:9090/api/v1/query?${query}`);
                expect({ name, status, body }).toMatchObject({ status: 200 });
            }
            const { data } = await json<{ data: { groups: { rules: { name: string; health: string }[] }[] } }>(
                "http://localhost:9090/api/v1/rules",
            );
            const rules = data.groups.flatMap((group) => group.rules);
            expect(rules.length).toBeGreaterThan(0);
            expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
        });
    }, 120_000);
});

describe("npm run dashboard", () => {
    it("goes on after the add-on's pod was replaced", async () => {
        const command = "npm run --silent dashboard -- prometheus --no-open";
        await during(command, /localhost:9090/, async () => {
            expect(await get("http://localhost:9090/-/ready")).toMatchObject({ status: 200 });
            await kubectl("--namespace", "istio-system", "delete", "pod", "--selector", "app=prometheus");
            await kubectl("--namespace", "istio-system", "rollout", "status", "deployment/prometheus");
            const status = async () => (await get("http://localhost:9090/-/ready")).status;
            let last = await status().catch(() => 0);
            for (const end = Date.now() + 30_000; last !== 200 && Date.now() < end;) {
                await new Promise((resolve) => setTimeout(resolve, 500));
                last = await status().catch(() => 0);
            }
            expect(last).toBe(200);
        });
    }, 120_000);

    it("says which switch turns on what is missing", async () => {
        const { code, output } = await npmRun("dashboard", "grafana");
        expect(code).toBe(1);
        expect(output).toContain("istio.grafana.enabled true");
    }, 30_000);
});

/** A stack with all switches on. */
const everything = { stack: "e2e-everything", file: path.join(clone, "Pulumi.e2e-everything.yaml") };

function writeEverything(): void {
    const local = fs.readFileSync(path.join(clone, "Pulumi.local.yaml"), "utf8");
    const all = local.replace(/(grafana:\s+enabled:) false/, "$1 true").replace(/(kiali:\s+enabled:) false/, "$1 true");
    expect(all.match(/enabled: true/g)).toHaveLength(2);
    fs.writeFileSync(everything.file, all);
}

/** Whether Grafana and Kiali can be had from here: their images, and Kiali's chart. */
const hasRegistries = [
    "https://registry-1.docker.io/v2/",
    "https://quay.io/v2/",
    "https://kiali.org/helm-charts/",
].every((url) => {
    const ask = `fetch("${url}", { signal: AbortSignal.timeout(3000) }).then(() => process.exit(0), () => process.exit(1))`;
    return spawnSync(process.execPath, ["--eval", ask]).status === 0;
});
const describeForReal = hasRegistries ? describe : describe.skip;
const describeDryRun = hasRegistries ? describe.skip : describe;

describeForReal("Grafana and Kiali (need container registries and Kiali's chart repository)", () => {
    beforeAll(async () => {
        writeEverything();
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await npmRun("up", "--rendered", "--stack", everything.stack)).toMatchObject({ code: 0 });
        expect(await npmRun("load", "--stack", everything.stack)).toMatchObject({ code: 0 });
    }, 900_000);

    afterAll(async () => {
        await npmRun("down", "--keep-cluster", "--stack", everything.stack);
        fs.rmSync(everything.file, { force: true });
    }, 300_000);

    it("run, and verify finds them in order", async () => {
        const { code, output } = await npmRun("verify", "--stack", everything.stack);
        expect({ code, output }).toMatchObject({ code: 0, output: expect.not.stringMatching(/^ *off/m) as string });
    }, 180_000);

    it.each(["grafana", "kiali"] as const)("%s's pod is found by the seed's command", async (addon) => {
        await during(SEED[addon], /Forwarding from/, () => Promise.resolve());
    });
});

describeDryRun("Grafana, whose image can be had from a registry only (skipped where there is one)", () => {
    let folder: string;
    let files: string[];

    beforeAll(async () => {
        writeEverything();
        // Kiali's chart is in no repository that could be asked here.
        fs.writeFileSync(
            everything.file,
            fs.readFileSync(everything.file, "utf8").replace(/(kiali:\s+enabled:) true/, "$1 false"),
        );
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "everything-"));
        const render = ["--stack", everything.stack, "--out", folder];
        expect(await npmRun("render", ...render)).toMatchObject({ code: 0 });
        files = fs
            .readdirSync(folder)
            .filter((file) => file.includes("grafana") && file.endsWith(".yaml"))
            .flatMap((file) => ["--filename", path.join(folder, file)]);
    }, 60_000);

    afterAll(async () => {
        await kubectl("delete", "--ignore-not-found", ...files);
        fs.rmSync(everything.file, { force: true });
        fs.rmSync(folder, { recursive: true });
    }, 60_000);

    it("has its objects accepted by the API server's dry run", async () => {
        const kinds = files.filter((file) => file.endsWith(".yaml")).map((file) => path.basename(file).split("-")[1]);
        expect(kinds).toEqual(expect.arrayContaining(["secret", "service", "configmap", "deployment"]));
        await kubectl("apply", "--server-side", "--dry-run=server", "--field-manager=dry-run", ...files);
    }, 60_000);

    it("has a pod that the seed's command finds, though it cannot start", async () => {
        await kubectl("apply", "--server-side", ...files);
        let found = "";
        for (const end = Date.now() + 20_000; found === "" && Date.now() < end;) {
            found = (await findPod("grafana")).stdout;
        }
        expect(found).toMatch(/^grafana-/);
    }, 60_000);
});

/**
 * A folder with a chart of the name of Kiali's, which can be had from its own repository only. Its one object shows the
 * values that it was given.
 */
function standInForKialisChart(): string {
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

describe("tracing and Kiali (with a stand-in for its chart), switched on and off again", () => {
    const stack = "e2e-switches";
    const file = path.join(clone, `Pulumi.${stack}.yaml`);
    const charts = standInForKialisChart();
    const off = fs.readFileSync(path.join(clone, "Pulumi.local.yaml"), "utf8");
    const on = off.replace(/(kiali:\s+enabled:) false/, `$1 true\n      chartRepository: ${charts}`);
    const ofBoth = async () => ({
        objects: (await listObjects()).filter((object) => /jaeger|tracing|mesh-default|kiali/.test(object)),
        providers: (
            await kubectl("--namespace", "istio-system", "get", "configmap", "istio", "--output", "yaml")
        ).match(/jaeger-collector/g),
    });

    beforeAll(async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        fs.writeFileSync(file, on);
        expect(await npmRun("up", "--rendered", "--stack", stack)).toMatchObject({ code: 0 });
    }, 300_000);

    afterAll(async () => {
        await npmRun("down", "--keep-cluster", "--stack", stack);
        fs.rmSync(file, { force: true });
        fs.rmSync(charts, { recursive: true });
    }, 300_000);

    const system = async (...command: string[]) => kubectl("--namespace", "istio-system", ...command);

    it("Kiali's release is told of its neighbours, and of a key that is in a Secret", async () => {
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

    it("off leaves no object and no setting of istiod, and the page answers", async () => {
        const before = await ofBoth();
        for (const trace of [/jaeger/, /Telemetry/i, /kiali-values/, /kiali-signing-key/]) {
            expect(before.objects).toContainEqual(expect.stringMatching(trace));
        }
        expect(before.providers).not.toBeNull();
        fs.writeFileSync(file, off.replace("tracing:\n", "tracing:\n      enabled: false\n"));
        const up = await npmRun("up", "--rendered", "--stack", stack);
        expect(up).toMatchObject({ code: 0 });
        expect(await ofBoth()).toEqual({ objects: [], providers: null });
        const page = /http:\/\/[\d.]+\/productpage/.exec(up.output)?.[0] ?? "no address in the output";
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 300_000);
});

/** Runs the part of the seed's command that finds the pod. */
function findPod(addon: keyof typeof SEED) {
    const find = /\$\((.*)\)/.exec(SEED[addon])?.[1] ?? "";
    const env = { PATH: `${sandboxBin}:${process.env.PATH ?? ""}`, KUBECONFIG: sandboxKubeconfig };
    return runCommand("bash", ["-c", find], env);
}
