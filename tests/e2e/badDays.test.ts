import { once } from "node:events";
import * as fs from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { mergeValues, type HelmValues } from "../../components/istio/merge";
import { CHART_KINDS, pluralOf } from "../../commands/preflight/permissions";
import { clone, coldStart, get, kubectl, npmRun, runCommand, sandboxBin, sandboxKubeconfig } from "./product";

/*
 * The README's table of what can go wrong, line by line, on a real cluster. Each run fails for one thing; that is mended as the message
 * says, and the next run gets past it, to the next thing, until the page is served.
 */

const stack = "bad-days";
const stackFile = path.join(clone, `Pulumi.${stack}.yaml`);
const charts = "/run/bookinfo-mesh/charts";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bad-days-"));

/** How long helm waits here, in seconds. */
const TIMEOUT = 40;

/** Time that `npm run up` takes by itself, in seconds: npm, Node, and running the program. */
const OWN_TIME = 15;

const off = { enabled: false };
const istio: HelmValues = {
    version: "1.31.0",
    chartRepository: charts,
    timeout: TIMEOUT,
    tracing: off,
    prometheus: off,
    grafana: off,
    kiali: off,
    servicegraph: off,
    // As in Pulumi.local.yaml: the sandbox's proxy is a stock Envoy.
    values: {
        istiod: {
            pilot: { env: { PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false" } },
            telemetry: { enabled: false },
            global: { proxy: { readinessPeriodSeconds: 1 } },
        },
    },
};

/** The kubeconfig that is deployed with; the tests change who it is of. */
let kubeconfig = sandboxKubeconfig;

/** Runs `npm run up` with a change to the config. */
async function up(changes: HelmValues = {}) {
    const config = {
        "bookinfo-mesh:cluster": { kind: "kubeconfig", path: kubeconfig, context: "bookinfo-mesh" },
        "bookinfo-mesh:istio": mergeValues(istio, changes),
    };
    fs.writeFileSync(stackFile, JSON.stringify({ config }));
    const begun = Date.now();
    const ended = await npmRun("up", "--stack", stack, "--rendered");
    return { ...ended, seconds: (Date.now() - begun) / 1000 };
}

/**
 * The message of a run that fails, as it has to: in time, with one message and no stack trace.
 * @param limit in seconds, beside what every run takes
 */
async function failing(limit: number, changes?: HelmValues): Promise<string> {
    const { code, output, seconds } = await up(changes);
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(seconds).toBeLessThan(limit + OWN_TIME);
    expect(output.match(/^error: /gm)).toHaveLength(1);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect(output).not.toContain("a fault in bookinfo-mesh itself");
    return output.slice(output.indexOf("error: "));
}

/** A kubeconfig of the sandbox with another server or token. */
function kubeconfigWith({ server, token }: { server?: string; token?: string }): string {
    const own = fs.readFileSync(sandboxKubeconfig, "utf8");
    const file = path.join(folder, "kubeconfig");
    const elsewhere = server === undefined ? own : own.replace(/server: .*/, `server: ${server}`);
    const credentials = new RegExp("client-(?:certificate|key)-data: .*\\n\\s*client-(?:certificate|key)-data: .*");
    fs.writeFileSync(file, token === undefined ? elsewhere : elsewhere.replace(credentials, `token: ${token}`));
    return file;
}

/** Runs commands out of a message, as a person does who is an administrator of the sandbox. */
async function paste(message: string, command: RegExp): Promise<void> {
    const lines = message.split("\n").filter((line) => command.test(line));
    expect(lines).not.toHaveLength(0);
    const env = { KUBECONFIG: sandboxKubeconfig, PATH: `${sandboxBin}:${process.env.PATH ?? ""}` };
    expect(await runCommand("bash", ["-ec", lines.join("\n")], env)).toMatchObject({ code: 0 });
}

/** Creates objects as they are given. */
async function create(...objects: object[]): Promise<void> {
    const file = path.join(folder, "objects.json");
    fs.writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await kubectl("create", "--filename", file);
}

beforeAll(async () => {
    expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
}, coldStart);

afterAll(async () => {
    await npmRun("down", "--stack", stack);
    fs.rmSync(stackFile, { force: true });
    fs.rmSync(folder, { recursive: true });
    await npmRun("sandbox", "down");
}, 300_000);

describe("the way to the cluster", () => {
    it("is closed: nothing listens there", async () => {
        kubeconfig = kubeconfigWith({ server: "https://127.0.0.1:1" });
        const message = await failing(2);
        expect(message).toMatch(/context "bookinfo-mesh" \(https:\/\/127\.0\.0\.1:1\) does not answer: .*ECONNREFUSED/);
        expect(message).toContain("Is it running");
    }, 60_000);

    it("is silent", async () => {
        const silent = createServer(() => undefined).listen(0, "127.0.0.1");
        await once(silent, "listening");
        kubeconfig = kubeconfigWith({ server: `https://127.0.0.1:${(silent.address() as AddressInfo).port}` });
        try {
            expect(await failing(15)).toContain("does not answer: no answer in 15 s");
        } finally {
            silent.close();
        }
    }, 60_000);

    it("is refused to credentials that have expired", async () => {
        const claims = Buffer.from(JSON.stringify({ iss: "kubernetes/serviceaccount", exp: 1_700_000_000 }));
        const header = Buffer.from(JSON.stringify({ alg: "RS256" })).toString("base64url");
        kubeconfig = kubeconfigWith({ token: `${header}.${claims.toString("base64url")}.c2lnbmF0dXJl` });
        const message = await failing(2);
        expect(message).toContain("refuses the credentials");
        expect(message).toContain("The token expired at 2023-11-14T22:13:20Z. Get a new one");
    }, 60_000);
});

describe("before anything is deployed", () => {
    it("permissions are missing", async () => {
        await kubectl("--namespace", "default", "create", "serviceaccount", "limited");
        await kubectl(
            "create",
            "clusterrolebinding",
            "limited",
            "--clusterrole=view",
            "--serviceaccount=default:limited",
        );
        const token = (await kubectl("--namespace", "default", "create", "token", "limited")).trim();
        kubeconfig = kubeconfigWith({ token });

        const message = await failing(5);
        expect(message).toContain(
            '"system:serviceaccount:default:limited" of context "bookinfo-mesh" lacks permissions:',
        );
        // Each kind that there is in what would be deployed, the charts' included.
        const rendered = path.join(folder, "rendered");
        expect(await npmRun("render", "--stack", stack, "--out", rendered)).toMatchObject({ code: 0 });
        const manifests = fs.readdirSync(rendered).filter((file) => file.endsWith(".yaml"));
        const kinds = manifests.flatMap((file) =>
            [...fs.readFileSync(path.join(rendered, file), "utf8").matchAll(/^kind: (\S+)$/gm)].map(([, kind]) => kind),
        );
        expect(kinds).toContain("VirtualService");
        expect(kinds).toContain("ClusterRole");
        for (const kind of new Set(kinds)) {
            expect(message).toMatch(new RegExp(`^ {2}${pluralOf(kind ?? "")}(?:\\.\\S+)?: .*create`, "m"));
        }
        expect(message).toMatch(/^ {2}customresourcedefinitions\.apiextensions\.k8s\.io: .*create.*whole cluster/m);
        expect(message).not.toContain(token);
        await paste(message, /kubectl create clusterrolebinding/);
    }, 60_000);

    it("an old namespace is still on its way out", async () => {
        const metadata = { name: "stays", namespace: "istio-system", finalizers: ["example.com/stays"] };
        await kubectl("create", "namespace", "istio-system");
        await create({ apiVersion: "v1", kind: "ConfigMap", metadata });
        await kubectl("delete", "namespace", "istio-system", "--wait=false");

        const message = await failing(30);
        expect(message).toContain("the namespace istio-system is being deleted");
        expect(message).toContain("example.com/stays in 1 resource instances");
        await paste(message.replace("KIND NAME", "configmap stays"), /kubectl --namespace istio-system patch/);
    }, 90_000);

    it("there are CRDs of another Istio", async () => {
        await kubectl("create", "--filename", path.join(charts, "base", "files", "crd-all.gen.yaml"));
        const message = await failing(5);
        expect(message).toMatch(
            /CRDs of another Istio are in this cluster.*\n {2}\S+\.istio\.io, .* more \(not by Helm\)/,
        );
        await paste(message, /kubectl (?:label|annotate)/);
    }, 60_000);

    it("there is another Istio", async () => {
        await kubectl("create", "namespace", "another");
        await kubectl(
            "--namespace",
            "another",
            "create",
            "deployment",
            "istiod",
            "--image=example.com/a",
            "--replicas=0",
        );
        const message = await failing(5);
        expect(message).toContain("another Istio is installed in this cluster");
        expect(message).toContain("Deployment another/istiod (not by Helm)");
        await kubectl("delete", "namespace", "another");
    }, 60_000);
});

describe("while it is deployed", () => {
    it("the chart repository does not answer", async () => {
        const message = await failing(10, { chartRepository: "https://127.0.0.1:1/charts" });
        expect(message).toContain('"https://127.0.0.1:1/charts" is not a valid chart repository or cannot be reached');
        expect(message).toContain("It is set by istio.chartRepository");
    }, 60_000);

    it("a policy refuses an object", async () => {
        const metadata = { name: "no-istiod" };
        const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] };
        const apiVersion = "admissionregistration.k8s.io/v1";
        await create(
            {
                apiVersion,
                kind: "ValidatingAdmissionPolicy",
                metadata,
                spec: {
                    matchConstraints: { resourceRules: [rule] },
                    validations: [{ expression: "object.metadata.name != 'istiod'", message: "no istiod here" }],
                },
            },
            {
                apiVersion,
                kind: "ValidatingAdmissionPolicyBinding",
                metadata,
                spec: { policyName: "no-istiod", validationActions: ["Deny"] },
            },
        );
        // It takes a moment until the API server goes by it.
        const attempt = ["create", "deployment", "istiod", "--image=example.com/a", "--dry-run=server"];
        while (
            await kubectl(...attempt).then(
                () => true,
                () => false,
            )
        ) {
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
        const message = await failing(20);
        expect(message).toContain("no istiod here");
        expect(message).toContain(
            "exempted from the policy by whoever set it (kubectl get validatingadmissionpolicy no-istiod",
        );
        await kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", "no-istiod");
    }, 90_000);

    it("a quota is exceeded", async () => {
        await kubectl("--namespace", "istio-system", "create", "quota", "tiny", "--hard=pods=0");
        const message = await failing(45);
        expect(message).toContain("given up, for waiting does not mend this");
        expect(message).toMatch(/Deployment istio-system\/istiod: pods "istiod-.*exceeded quota: tiny/);
        expect(message).toContain("Raise the ResourceQuota tiny");
        await kubectl("--namespace", "istio-system", "delete", "quota", "tiny");
    }, 90_000);

    it("an image cannot be pulled", async () => {
        const message = await failing(TIMEOUT + 10, { tag: "1.31.0-there-is-none" });
        expect(message).toMatch(/Pod istio-system\/istiod-.*: discovery (?:ErrImagePull|ImagePullBackOff)/);
        expect(message).toMatch(
            /Does the registry have \S+\/pilot:1\.31\.0-there-is-none.*set by istio\.hub, istio\.tag/,
        );
    }, 90_000);

    it("no node has room", async () => {
        const message = await failing(TIMEOUT + 10, { istiod: { resources: { requests: { cpu: "500" } } } });
        expect(message).toMatch(/Pod istio-system\/istiod-.*: 0\/1 nodes are available: 1 Insufficient cpu/);
        expect(message).toMatch(
            /requests 500 CPU and 100 MiB; \S+ has [\d.]+ CPU and \d+ MiB left.*istio\.istiod\.resources/,
        );
    }, 90_000);

    const serves = async () => {
        const { code, output } = await up();
        expect({ code, output }).toMatchObject({ code: 0 });
        expect(await get(/http:\/\/[\d.]+\/productpage/.exec(output)?.[0] ?? "")).toMatchObject({ status: 200 });
    };

    it("nothing any more: the page is served", serves, 120_000);

    it("no load balancer has the address", async () => {
        const message = await failing(TIMEOUT + 10, {
            values: { gateway: { service: { loadBalancerIP: "203.0.113.1" } } },
        });
        expect(message).toContain(
            "Service istio-system/istio-ingressgateway: has no external address; does the cluster have load balancers",
        );
        expect(message).toContain("MetalLB");
    }, 90_000);

    it("nothing again: what only the failed upgrade had set is gone", async () => {
        await serves();
        const service = ["get", "service", "istio-ingressgateway", "--namespace", "istio-system"];
        expect(await kubectl(...service, "--output", "jsonpath={.spec.loadBalancerIP}")).toBe("");
    }, 120_000);
});

it("asks for the permissions that Istio's charts need", async () => {
    for (const [release, chart] of [
        ["istio-base", "base"],
        ["istiod", "istiod"],
        ["istio-ingressgateway", "gateway"],
    ] as const) {
        const { stdout } = await runCommand(path.join(sandboxBin, "helm"), [
            "template",
            release,
            path.join(charts, chart),
        ]);
        const kinds = [...stdout.matchAll(/^kind: (\S+)$/gm)].map(([, kind = ""]) => kind);
        // Autoscalers are asked for where the values have them.
        const fixed = kinds.filter((kind) => kind !== "HorizontalPodAutoscaler");
        expect([...new Set(fixed)].sort()).toEqual(
            Object.values(CHART_KINDS[release] ?? {})
                .flat()
                .sort(),
        );
    }
}, 60_000);
