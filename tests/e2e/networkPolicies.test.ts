import * as fs from "node:fs";
import * as path from "node:path";
import { live } from "../../packages/sandbox/paths";
import { bookinfoVersion } from "../../packages/sandbox/settings";
import { get, kubectl, npmRun, poll, PRIVILEGED_NAMESPACE } from "./commands";
import { during, POST_COMMANDS } from "./postCommands";
import { deployed } from "./sharedSandbox";

/*
 * NetworkPolicies on a network that enforces them: who is refused at which port of istiod and the add-ons. Grafana and Kiali are absent
 * from the sandbox; tests/unit/networkPolicies.test.ts has their policies.
 */

/** The ports on which each pod listens. */
const PORTS = {
    prometheus: [9090],
    servicegraph: [8088],
    jaeger: [4317, 4318, 13133, 16685, 16686],
    istiod: [8080, 15010, 15012, 15014, 15017],
};
type Target = keyof typeof PORTS;

interface Container {
    namespace: string;
    pod: string;
    container: string;
}

const STRANGERS = {
    "stranger-in-mesh": { "istio-injection": "enabled", ...PRIVILEGED_NAMESPACE },
    "stranger-outside": {},
};

/** A pod that sleeps, in a namespace of its own. It pretends to be an add-on. */
const stranger = ([namespace, labels]: [string, object]) => [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
    {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "stranger", namespace, labels: { app: "servicegraph" } },
        spec: {
            terminationGracePeriodSeconds: 0,
            containers: [
                {
                    name: "stranger",
                    image: `docker.io/istio/examples-bookinfo-ratings-v1:${bookinfoVersion}`,
                    command: ["sh", "-c", "sleep 100000"],
                },
            ],
        },
    },
];

const podOf = async (app: string, namespace: string) =>
    (
        await kubectl("get", "pod", "-n", namespace, "-l", `app=${app}`, "-o", "jsonpath={.items[0].metadata.name}")
    ).trim();

/**
 * Which ports let a container connect, as `prometheus:9090`. In a pod of the mesh, the proxy's own connections go straight to the
 * target; those of the application would end at the proxy.
 * @param addresses of the targets
 */
async function openTo({ namespace, pod, container }: Container, addresses: Record<Target, string>): Promise<string[]> {
    const targets = Object.entries(PORTS).flatMap(([app, ports]) =>
        ports.map((port) => ({ name: `${app}:${port}`, address: `${addresses[app as Target]}:${port}` })),
    );
    const tries = targets.map(
        ({ name, address }) =>
            // A refused connection ends at once, or by the timeout: the kernel sends few ICMP messages for many attempts.
            `echo | busybox nc -w 2 ${address.replace(":", " ")} >/dev/null 2>&1 && echo ${name} &`,
    );
    const script = [...tries, "wait"].join("\n");
    const output = await kubectl("exec", "-n", namespace, pod, "-c", container, "--", "sh", "-c", script);
    return output.split("\n").filter(Boolean).sort();
}

let addresses: Record<Target, string>;
const inSystem = async (app: Target, container: string): Promise<Container> => ({
    namespace: "istio-system",
    pod: await podOf(app, "istio-system"),
    container,
});

beforeAll(async () => {
    await deployed();
    const objects = Object.entries(STRANGERS).flatMap(stranger);
    // It goes with the sandbox.
    const manifest = path.join(live.root, "strangers.json");
    fs.writeFileSync(manifest, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await kubectl("apply", "--filename", manifest);
    for (const namespace of Object.keys(STRANGERS)) {
        await kubectl("wait", "pod/stranger", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
    }
    const found = await Promise.all(
        Object.keys(PORTS).map(async (app) => [
            app,
            await kubectl(
                "get",
                "pod",
                "-n",
                "istio-system",
                "-l",
                `app=${app}`,
                "-o",
                "jsonpath={.items[0].status.podIP}",
            ),
        ]),
    );
    addresses = Object.fromEntries(found) as Record<Target, string>;
}, 30 * 60_000);

afterAll(async () => {
    await kubectl("delete", "namespace", ...Object.keys(STRANGERS));
}, 120_000);

/** istiod's ports for proxies and the API server. */
const FOR_ALL = ["istiod:15012", "istiod:15017"];
const SPANS = ["jaeger:4317", "jaeger:4318"];

it("each port listens, as seen from inside of its pod", async () => {
    const containers = {
        prometheus: "prometheus",
        servicegraph: "servicegraph",
        jaeger: "jaeger",
        istiod: "discovery",
    };
    for (const [app, container] of Object.entries(containers) as [Target, string][]) {
        const open = await openTo(await inSystem(app, container), { ...addresses, [app]: "127.0.0.1" });
        const own = PORTS[app].map((port) => `${app}:${port}`).sort();
        expect(open.filter((name) => name.startsWith(`${app}:`))).toEqual(own);
    }
}, 120_000);

it.each([
    ["the application", "default", "productpage", "istio-proxy", [...FOR_ALL, ...SPANS]],
    ["a stranger in the mesh", "stranger-in-mesh", "servicegraph", "istio-proxy", [...FOR_ALL, ...SPANS]],
    ["a stranger outside", "stranger-outside", "servicegraph", "stranger", FOR_ALL],
    [
        "Prometheus",
        "istio-system",
        "prometheus",
        "prometheus",
        [...FOR_ALL, "istiod:15014", "servicegraph:8088", "prometheus:9090"],
    ],
    [
        "servicegraph",
        "istio-system",
        "servicegraph",
        "servicegraph",
        [...FOR_ALL, "prometheus:9090", "servicegraph:8088"],
    ],
])(
    "%s reaches what it needs, and is refused at all other ports",
    async (_, namespace, app, container, open) => {
        const from = { namespace, pod: await podOf(app, namespace), container };
        // The network learns of a new pod within seconds.
        const found = await poll(
            () => openTo(from, addresses),
            (ports) => ports.join() === [...open].sort().join(),
            { timeout: 20_000, interval: 1000 },
        );
        expect(found).toEqual([...open].sort());
    },
    120_000,
);

it.each([
    ["jaeger", "http://localhost:16686/api/services"],
    ["servicegraph", "http://localhost:8088/graph"],
    ["prometheus", "http://localhost:9090/api/v1/query?query=up"],
] as const)(
    "the post's port-forward to %s works",
    async (addon, url) => {
        const { status } = await during(POST_COMMANDS[addon], /Forwarding from/, () => get(url));
        expect(status).toBe(200);
    },
    60_000,
);

it("the checks of `verify` pass, with graphs, metrics and traces", async () => {
    await npmRun("load", "--requests", "20");
    const { code, output } = await npmRun("verify");
    expect([code, output]).toEqual([0, expect.stringMatching(/ok +servicegraph/)]);
}, 300_000);
