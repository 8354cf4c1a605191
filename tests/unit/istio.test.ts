import fc from "fast-check";
import { loadBalancerAddress, urlOf } from "../../components/istio/address";
import { chartSource } from "../../components/istio/chart";
import { type HelmValues, mergeValues } from "../../components/istio/merge";
import { baseValues, cniValues, gatewayValues, type IstioSettings, istiodValues } from "../../components/istio/values";
import { gatewaySelector, RELEASES } from "../../components/names";

const SETTINGS: IstioSettings = {
    hub: "registry.example/istio",
    tag: "1.31.0",
    imagePullPolicy: "Always",
    istiod: {
        resources: { requests: { cpu: "1m", memory: "2Mi" }, limits: {} },
        autoscaling: { enabled: true, min: 2, max: 3 },
    },
    gateway: { resources: { requests: {}, limits: { cpu: "4m" } }, autoscaling: { enabled: true, min: 4, max: 5 } },
    proxy: { resources: { requests: { cpu: "6m" }, limits: { memory: "7Mi" } } },
    tracing: { enabled: false },
};

describe("Helm values", () => {
    it("of base set the webhook's failure policy to Fail", () => {
        expect(baseValues()).toEqual({ base: { validationFailurePolicy: "Fail" } });
    });

    it("of istiod have its images, sidecars and own resources", () => {
        expect(istiodValues(SETTINGS)).toEqual({
            base: { validationFailurePolicy: "Fail" },
            global: {
                istioNamespace: "istio-system",
                hub: "registry.example/istio",
                tag: "1.31.0",
                imagePullPolicy: "Always",
                proxy: { resources: { requests: { cpu: "6m" }, limits: { memory: "7Mi" } } },
            },
            resources: { requests: { cpu: "1m", memory: "2Mi" } },
            nodeSelector: { "kubernetes.io/os": "linux" },
            autoscaleEnabled: true,
            autoscaleMin: 2,
            autoscaleMax: 3,
        });
    });

    it("of istiod have the destination of traces, if tracing is enabled", () => {
        const { meshConfig, ...others } = istiodValues({ ...SETTINGS, tracing: { enabled: true } });
        expect(meshConfig).toEqual({
            extensionProviders: [
                {
                    name: "jaeger",
                    opentelemetry: { service: "jaeger-collector.istio-system.svc.cluster.local", port: 4317 },
                },
            ],
        });
        expect(others).toEqual(istiodValues(SETTINGS));
    });

    it("have whole references of images with digests, where the charts' templates take them", () => {
        const pinned = { pilot: "r/pilot:1@sha256:a", proxy: "r/proxyv2:1@sha256:b", cni: "r/install-cni:1@sha256:c" };
        expect(istiodValues({ ...SETTINGS, pinned })).toMatchObject({
            image: pinned.pilot,
            global: { proxy: { image: pinned.proxy }, proxy_init: { image: pinned.proxy } },
        });
        expect(cniValues({ ...SETTINGS, pinned }, { requests: {}, limits: {} })).toMatchObject({ image: pinned.cni });
    });

    it("of the gateway keep to the chart's schema", () => {
        expect(gatewayValues(SETTINGS)).toEqual({
            imagePullPolicy: "Always",
            readinessProbe: expect.any(Object) as object,
            nodeSelector: { "kubernetes.io/os": "linux" },
            resources: { limits: { cpu: "4m" } },
            autoscaling: { enabled: true, minReplicas: 4, maxReplicas: 5 },
            service: { ports: [{ name: "http2", port: 80, protocol: "TCP", targetPort: 80 }] },
        });
    });

    it("probe the gateway's agent every second, and allow a minute of failures", () => {
        expect(gatewayValues(SETTINGS).readinessProbe).toEqual({
            httpGet: { path: "/healthz/ready", port: 15021 },
            periodSeconds: 1,
            timeoutSeconds: 3,
            failureThreshold: 60,
        });
    });

    it("disable autoscaling without bounds", () => {
        const off: IstioSettings = {
            ...SETTINGS,
            istiod: { ...SETTINGS.istiod, autoscaling: { enabled: false } },
            gateway: { ...SETTINGS.gateway, autoscaling: { enabled: false } },
        };
        expect(istiodValues(off)).toMatchObject({ autoscaleEnabled: false });
        expect(Object.keys(istiodValues(off))).not.toContain("autoscaleMin");
        expect(gatewayValues(off).autoscaling).toEqual({ enabled: false });
    });
});

describe("merging Helm values", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer()));
    // Few keys, so that trees overlap; and `__proto__`, which assignment would lose.
    const key = fc.constantFrom("a", "b", "c", "__proto__", "constructor");
    const tree = fc.letrec<{ tree: HelmValues }>((tie) => ({
        tree: fc.dictionary(key, fc.oneof({ maxDepth: 4 }, leaf, tie("tree")), { maxKeys: 3, noNullPrototype: true }),
    })).tree;

    type Leaves = Map<string, unknown>;
    const isTree = (value: unknown): value is HelmValues =>
        typeof value === "object" && value !== null && !Array.isArray(value);
    /** Everything in a tree except non-empty trees, by its path. */
    const leavesOf = (values: HelmValues, at = ""): Leaves =>
        new Map(
            Object.entries(values).flatMap(([name, value]): [string, unknown][] =>
                isTree(value) && Object.keys(value).length > 0
                    ? [...leavesOf(value, `${at}/${name}`)]
                    : [[`${at}/${name}`, value]],
            ),
        );

    it("keeps every leaf of the overrides, except an empty object over a non-empty one", () => {
        fc.assert(
            fc.property(tree, tree, (base, overrides) => {
                const merged = leavesOf(mergeValues(base, overrides));
                for (const [path, value] of leavesOf(overrides)) {
                    if (!isTree(value)) {
                        expect(merged.get(path)).toBe(value);
                    }
                }
            }),
        );
    });

    it("keeps every leaf of the base without an override, and adds none", () => {
        fc.assert(
            fc.property(tree, tree, (base, overrides) => {
                const [ours, theirs] = [leavesOf(base), leavesOf(overrides)];
                const merged = leavesOf(mergeValues(base, overrides));
                const touched = (path: string) =>
                    [...theirs.keys()].some(
                        (other) => `${path}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${path}/`),
                    );
                for (const [path, value] of ours) {
                    if (!touched(path)) {
                        expect(merged.get(path)).toBe(value);
                    }
                }
                for (const path of merged.keys()) {
                    expect(ours.has(path) || theirs.has(path)).toBe(true);
                }
            }),
        );
    });

    it("changes nothing without overrides, or with the same overrides again", () => {
        fc.assert(
            fc.property(tree, tree, (base, overrides) => {
                const merged = mergeValues(base, overrides);
                expect(mergeValues(base, {})).toEqual(base);
                expect(mergeValues({}, overrides)).toEqual(overrides);
                expect(mergeValues(merged, overrides)).toEqual(merged);
            }),
        );
    });

    it("does not change its arguments", () => {
        fc.assert(
            fc.property(tree, tree, (base, overrides) => {
                const before = JSON.stringify([base, overrides]);
                mergeValues(base, overrides);
                expect(JSON.stringify([base, overrides])).toBe(before);
            }),
        );
    });

    it("replaces lists and keeps nulls, as Helm does", () => {
        expect(mergeValues({ a: [1, 2], b: { c: 1, d: 2 } }, { a: [3], b: { c: null } })).toEqual({
            a: [3],
            b: { c: null, d: 2 },
        });
    });
});

describe("a chart comes", () => {
    it.each([
        [
            "https://charts.example/istio/",
            { chart: "base", version: "1.31.1", repositoryOpts: { repo: "https://charts.example/istio" } },
        ],
        [
            "http://localhost:8879",
            { chart: "base", version: "1.31.1", repositoryOpts: { repo: "http://localhost:8879" } },
        ],
        ["oci://registry.example/charts", { chart: "oci://registry.example/charts/base", version: "1.31.1" }],
        ["/charts/", { chart: "/charts/base" }],
        ["./charts", { chart: "./charts/base" }],
    ])("from %s", (repository, source) => {
        expect(chartSource(repository, "base", "1.31.1")).toEqual(source);
    });
});

describe("the ingress gateway", () => {
    it("is selected by the chart's label, derived from the release's name", () => {
        // Chart gateway 1.31, _helpers.tpl: istio: {{ include "gateway.name" . | trimPrefix "istio-" }}
        expect(gatewaySelector(RELEASES.gateway)).toEqual({ istio: "ingressgateway" });
        expect(gatewaySelector("istio-ingress")).toEqual({ istio: "ingress" });
        expect(gatewaySelector("my-istio-gateway")).toEqual({ istio: "my-istio-gateway" });
    });

    it.each([
        [{ loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } }, "203.0.113.1"],
        [{ loadBalancer: { ingress: [{ hostname: "lb.example" }] } }, "lb.example"],
        [{ loadBalancer: { ingress: [] } }, ""],
        [{ loadBalancer: {} }, ""],
        [{}, ""],
        [undefined, ""],
    ])("has in %j the address %j", (status, address) => {
        expect(loadBalancerAddress(status as Parameters<typeof loadBalancerAddress>[0])).toBe(address);
    });

    it.each([
        ["203.0.113.1", "http://203.0.113.1/page"],
        ["2001:db8::1", "http://[2001:db8::1]/page"],
        ["lb.example", "http://lb.example/page"],
        ["", ""],
    ])("at %j has the URL %j", (host, url) => {
        expect(urlOf(host, "/page")).toBe(url);
    });
});
