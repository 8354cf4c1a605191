import * as fc from "fast-check";
import { networkPolicySpecs, type Protected, scrapersOf } from "../../components/networkPolicies";
import { ADDONS, type AddonName } from "../../components/names";
import { CLUSTER, find, NO_ADDONS, ofType, type Run, runProgram } from "./program";

interface Selector {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** A policy as the API server has it. */
interface Policy {
    podSelector: Selector;
    policyTypes: string[];
    ingress: {
        from?: { podSelector?: Selector; namespaceSelector?: Selector }[];
        ports: { protocol: string; port: number }[];
    }[];
}

/** A pod that connects to another. */
interface Caller {
    namespace: string;
    namespaceLabels: Record<string, string>;
    labels: Record<string, string>;
}

function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean {
    const byExpression: Record<string, (has: boolean, in_: boolean) => boolean> = {
        NotIn: (_, in_) => !in_,
        DoesNotExist: (has) => !has,
    };
    return (
        Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
        matchExpressions.every(({ key, operator, values = [] }) =>
            byExpression[operator]?.(key in labels, values.includes(labels[key] ?? "")),
        )
    );
}

/** Whether a network that enforces the policy lets a caller connect: the rules of Kubernetes' API reference. */
function letsIn({ ingress }: Policy, { namespace, namespaceLabels, labels }: Caller, port: number): boolean {
    return ingress.some(
        ({ from, ports }) =>
            ports.some((each) => each.port === port) &&
            (from?.some(({ podSelector = {}, namespaceSelector }) =>
                namespaceSelector === undefined
                    ? namespace === "istio-system" && matches(podSelector, labels)
                    : matches(namespaceSelector, namespaceLabels) && matches(podSelector, labels),
            ) ??
                true),
    );
}

const specs = (url?: string) => networkPolicySpecs(scrapersOf(url)) as unknown as Record<Protected, Policy>;
const named = (namespace: string) => ({ "kubernetes.io/metadata.name": namespace });
const addon = (app: string): Caller => ({
    namespace: "istio-system",
    namespaceLabels: named("istio-system"),
    labels: { app, "sidecar.istio.io/inject": "false" },
});
const gateway: Caller = {
    ...addon("istio-ingressgateway"),
    labels: { istio: "ingressgateway", "sidecar.istio.io/inject": "true" },
};
const injected = (labels: Record<string, string> = {}): Caller => ({
    namespace: "default",
    namespaceLabels: { ...named("default"), "istio-injection": "enabled" },
    labels,
});

/** Every port of the pods: those of the add-ons, of Jaeger's collector, of Kiali's metrics, and of istiod. */
const PORTS = [3000, 4317, 4318, 8080, 8088, 9090, 13133, 15010, 15012, 15014, 15017, 16685, 16686, 20001];

/** For each pod, which caller may use which port. */
const OPEN: Record<Protected, Record<number, string[]>> = {
    prometheus: { 9090: ["grafana", "kiali", "servicegraph"] },
    grafana: { 3000: ["kiali"] },
    jaeger: { 4317: ["application", "gateway"], 4318: ["application", "gateway"], 16685: ["kiali"], 16686: ["kiali"] },
    kiali: { 9090: ["prometheus"] },
    servicegraph: { 8088: ["prometheus"] },
    istiod: { 15012: ["everybody"], 15014: ["kiali", "prometheus"], 15017: ["everybody"] },
};

const CALLERS: Record<string, Caller> = {
    ...Object.fromEntries(Object.keys(ADDONS).map((app) => [app, addon(app)])),
    gateway,
    application: injected({ app: "productpage" }),
    // Labels like those of an add-on, but in another namespace.
    pretender: { ...injected({ app: "kiali", "sidecar.istio.io/inject": "false" }), namespace: "default" },
    stranger: { namespace: "other", namespaceLabels: named("other"), labels: {} },
};

test("each caller reaches the ports that it needs, and no other port", () => {
    for (const [app, policy] of Object.entries(specs()) as [Protected, Policy][]) {
        expect(policy.policyTypes).toEqual(["Ingress"]);
        expect(matches(policy.podSelector, { app })).toBe(true);
        const open = PORTS.flatMap((port) => {
            const callers = Object.keys(CALLERS).filter((name) => letsIn(policy, CALLERS[name] as Caller, port));
            const all = callers.length === Object.keys(CALLERS).length;
            return callers.length > 0 ? [[port, all ? ["everybody"] : callers.sort()]] : [];
        });
        expect([app, Object.fromEntries(open)]).toEqual([app, OPEN[app]]);
    }
});

test("spans are taken from exactly the pods that istiod injects", () => {
    const label = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const caller = fc.record({
        injection: label("enabled", "disabled"),
        revision: label("default", "canary"),
        inject: label("true", "false"),
    });
    const present = (labels: Record<string, string | undefined>) =>
        Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined)) as Record<string, string>;
    fc.assert(
        fc.property(caller, ({ injection, revision, inject }) => {
            const pod = {
                namespace: "team",
                namespaceLabels: present({ "istio-injection": injection, "istio.io/rev": revision }),
                labels: present({ "sidecar.istio.io/inject": inject }),
            };
            const byNamespace = (injection === "enabled" || revision === "default") && inject !== "false";
            const byPod = injection === undefined && revision === undefined && inject === "true";
            return letsIn(specs().jaeger, pod, 4317) === (byNamespace || byPod);
        }),
        { numRuns: 60 },
    );
});

test("a Prometheus of others reads metrics: from its Service's namespace, or from anywhere if the URL names no Service", () => {
    const reads = (url: string, caller: Caller) =>
        (["istiod", "kiali", "servicegraph"] as const).map((app) =>
            letsIn(specs(url)[app], caller, { istiod: 15014, kiali: 9090, servicegraph: 8088 }[app]),
        );
    const theirs = { namespace: "monitoring", namespaceLabels: named("monitoring"), labels: {} };
    const { stranger = theirs } = CALLERS;
    for (const url of ["http://prometheus.monitoring:9090", "https://prometheus.monitoring.svc.cluster.local"]) {
        expect([reads(url, theirs), reads(url, stranger)]).toEqual([Array(3).fill(true), Array(3).fill(false)]);
    }
    for (const url of ["https://prometheus.example.com", "http://192.0.2.7:9090", "http://[2001:db8::7]:9090"]) {
        expect([url, reads(url, stranger)]).toEqual([url, Array(3).fill(true)]);
        // Other ports stay as they are.
        expect(letsIn(specs(url).istiod, stranger, 15010)).toBe(false);
    }
});

describe("the program", () => {
    const policies = (run: Run) => ofType(run, /:NetworkPolicy$/);
    const names = (run: Run) => policies(run).map(({ name }) => name.replace("network-policies-", ""));

    it("declares one for istiod and each add-on that is on, in their namespace", async () => {
        const run = await runProgram({ cluster: CLUSTER });
        expect(names(run).sort()).toEqual([...(Object.keys(ADDONS) as AddonName[]), "istiod"].sort());
        const namespace = find(run, "kubernetes:core/v1:Namespace", "istio-namespace");
        for (const { inputs, dependencies } of policies(run)) {
            expect(inputs.metadata).toMatchObject({ namespace: "istio-system" });
            expect(dependencies).toContain(namespace.urn);
        }
        expect(names(await runProgram({ cluster: CLUSTER, istio: NO_ADDONS }))).toEqual(["istiod"]);
    });

    it("declares none if the config says so", async () => {
        expect(policies(await runProgram({ cluster: CLUSTER, istio: { networkPolicies: false } }))).toEqual([]);
    });
});
