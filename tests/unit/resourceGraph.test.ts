import { once } from "./once";
import {
    ADDRESS,
    CLUSTER,
    closure,
    find,
    MARK,
    NO_ADDONS,
    ofType,
    type Registration,
    type Run,
    runProgram,
    waitedFor,
} from "./program";

const APP = { namespace: "bookinfo" };
/** An unknown value in requests to the engine (@pulumi/pulumi, runtime/rpc: unknownValue). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The mark of a secret in requests to the engine (runtime/rpc: specialSigKey, specialSecretSig). */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const release = (run: Run, chart: string) => find(run, "kubernetes:helm.sh/v3:Release", `istio-${chart}`);
const RELEASE = /^kubernetes:helm.sh\/v3:Release$/;
const DEPLOYMENT = /^kubernetes:apps\/v1:Deployment$/;
const bookinfoDeployments = (run: Run) =>
    ofType(run, DEPLOYMENT).filter(({ parent }) => parent.includes(":bookinfo:Bookinfo::"));
const ISTIO_OBJECT = /^kubernetes:[a-z]+\.istio\.io\//;

/** Runs that several tests check. */
const standard = once(() => runProgram({ cluster: CLUSTER }));
const inOwnNamespace = once(() => runProgram({ cluster: CLUSTER, app: APP }));
const preview = once(() => runProgram({ cluster: CLUSTER }, { preview: true }));
const previewOfOwnNamespace = once(() => runProgram({ cluster: CLUSTER, app: APP }, { preview: true }));

describe.each([
    ["in the namespace default", standard],
    ["in a new namespace", inOwnNamespace],
    ["in a preview", preview],
    ["in a preview of a new namespace", previewOfOwnNamespace],
])("the program %s", (_, program) => {
    let run: Run;
    beforeAll(async () => {
        run = await program();
    });

    it("passes one explicit provider to every Kubernetes resource", () => {
        const providers = ofType(run, /^pulumi:providers:/);
        expect(providers.map(({ type }) => type)).toEqual(["pulumi:providers:kubernetes"]);
        const resources = ofType(run, /^kubernetes:/);
        expect(resources.length).toBeGreaterThan(20);
        for (const { provider } of resources) {
            expect(provider.startsWith(`${providers[0]?.urn ?? ""}::`)).toBe(true);
        }
    });

    it("A4: has no pull secret and no mirror, because the config names none", () => {
        const inputs = JSON.stringify(run.resources.map((resource) => resource.inputs));
        expect(inputs).not.toMatch(/imagePullSecrets|image_pull_secrets|image_name|pullSecrets|"images"/);
        const secrets = ofType(run, /:Secret$/).map(({ name }) => name);
        expect(secrets.sort()).toEqual(["grafana-admin", "kiali-signing-key"]);
    });

    it("sets the namespace of every object, instead of using the kubeconfig's", () => {
        const clusterWide = /:(?:Namespace(?:Patch)?|ClusterRole(?:Binding)?)$/;
        for (const { type, name, inputs, read } of ofType(run, /^kubernetes:/)) {
            const metadata = inputs.metadata as { namespace?: unknown } | undefined;
            const namespace = metadata ? metadata.namespace : inputs.namespace;
            expect([type, name, namespace !== undefined]).toEqual([type, name, !clusterWide.test(type) && !read]);
        }
    });

    it("puts every object into a component, and registers the components' outputs", () => {
        const outputs = run.resources
            .filter(({ custom }) => !custom)
            .map(({ type, urn }) => [type, Object.keys(run.componentOutputs.get(urn) ?? {}).sort()]);
        expect(Object.fromEntries(outputs)).toEqual({
            "bookinfo-mesh:addons:Addon": [],
            "bookinfo-mesh:addons:Grafana": ["adminPassword"],
            "bookinfo-mesh:addons:Jaeger": [],
            "bookinfo-mesh:addons:Kiali": [],
            "bookinfo-mesh:addons:Prometheus": [],
            "bookinfo-mesh:addons:Servicegraph": [],
            "bookinfo-mesh:bookinfo:Bookinfo": [],
            "bookinfo-mesh:bookinfo:BookinfoGateway": [],
            "bookinfo-mesh:index:InjectedNamespace": ["name"],
            "bookinfo-mesh:index:NetworkPolicies": [],
            "bookinfo-mesh:istio:Istio": ["gatewaySelector", "ingressAddress", "namespace"],
        });
        for (const { parent, type } of ofType(run, /^kubernetes:/)) {
            expect([type, parent.includes("::bookinfo-mesh:")]).toEqual([type, true]);
        }
    });

    it("removes Istio's leftovers after the releases, from this cluster, and keeps credentials secret", () => {
        const leftovers = find(run, "bookinfo-mesh:istio:Leftovers", "istio-leftovers");
        expect(release(run, "base").dependencies).toContain(leftovers.urn);
        expect(leftovers).toMatchObject({ custom: true, dependencies: [], replaceOnChanges: ["reachedBy.context"] });
        expect(leftovers.inputs).toMatchObject({
            kubeconfig: { ...SECRET, value: expect.stringContaining("current-context: here") as string },
            reachedBy: { path: CLUSTER.path, context: "here" },
        });
    });

    it("says that it has installed the CRDs after their release, and nothing waits for that", () => {
        const installed = find(run, "bookinfo-mesh:istio:Installed", "istio-installed");
        expect(installed.dependencies).toContain(release(run, "base").urn);
        expect(installed.inputs.kubeconfig).toMatchObject(SECRET);
        expect(run.resources.filter(({ dependencies }) => dependencies.includes(installed.urn))).toEqual([]);
    });

    it("installs base, istiod and the gateway in this order, into its own istio-system", () => {
        const namespace = find(run, "kubernetes:core/v1:Namespace", "istio-namespace");
        expect(namespace.inputs.metadata).toEqual({ name: "istio-system" });
        expect(release(run, "base").dependencies).toContain(namespace.urn);
        // If the CRDs belong to another Istio, base fails, and istiod must not be installed.
        expect(release(run, "istiod").dependencies).toContain(release(run, "base").urn);
        expect(release(run, "gateway").dependencies).toContain(release(run, "istiod").urn);
        for (const { dependencies } of ofType(run, RELEASE)) {
            expect(dependencies).toContain(namespace.urn);
        }
    });

    it("names and pins every release, and awaits all releases with pods", () => {
        const versions = ofType(run, RELEASE).map(({ inputs }) => [inputs.name, inputs.version]);
        expect(Object.fromEntries(versions)).toEqual({
            "istio-base": "1.31.1",
            "istio-ingressgateway": "1.31.1",
            istiod: "1.31.1",
            kiali: "2.31.0",
        });
        for (const { inputs, deleteBeforeReplace } of ofType(run, RELEASE)) {
            expect(inputs.timeout).toBe(600);
            expect(inputs.skipAwait ?? false).toBe(inputs.name === "istio-base");
            expect(deleteBeforeReplace).toBe(true);
        }
    });

    it("creates Istio's objects after an injected pod is ready", () => {
        const objects = ofType(run, ISTIO_OBJECT);
        expect(objects.map(({ inputs }) => inputs.kind).sort()).toEqual([
            "Gateway",
            "PeerAuthentication",
            "Telemetry",
            "VirtualService",
        ]);
        for (const { urn, inputs } of objects) {
            expect(closure(run, urn)).toContain(release(run, "gateway").urn);
            // Otherwise an early destroy would wait until the garbage collector knows their kinds.
            expect(inputs.metadata).toMatchObject({
                annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
            });
        }
    });

    it("creates Bookinfo's pods after their namespace is labelled and istiod injects", () => {
        const [namespace] = ofType(run, /^kubernetes:core\/v1:Namespace/).filter(
            ({ name }) => name === "app-namespace",
        );
        expect(namespace?.inputs.metadata).toMatchObject({ labels: { "istio-injection": "enabled" } });
        // In a shared namespace, nobody could create pods between the label and istiod's first answer.
        const shared = namespace?.type === "kubernetes:core/v1:NamespacePatch";
        expect(namespace?.dependencies).toEqual(shared ? [release(run, "istiod").urn] : []);

        const deployments = bookinfoDeployments(run);
        expect(deployments).toHaveLength(6);
        for (const { urn } of deployments) {
            expect([...closure(run, urn)]).toEqual(
                expect.arrayContaining([namespace?.urn, release(run, "istiod").urn]),
            );
        }
    });

    it("deletes Istio on destroy while Bookinfo's pods still terminate", () => {
        for (const { inputs } of bookinfoDeployments(run)) {
            expect(inputs.metadata).toMatchObject({
                annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
            });
        }
    });

    it("creates Bookinfo's objects without pods before Istio is ready", () => {
        const others = ofType(run, /^kubernetes:core\/v1:Service/).filter(({ parent }) =>
            parent.includes(":Bookinfo::"),
        );
        expect(others).toHaveLength(8);
        for (const { urn } of others) {
            const waited = waitedFor(run, urn).filter(({ custom, type }) => custom && /^kubernetes:/.test(type));
            expect(waited.filter(({ name }) => name !== "app-namespace")).toEqual([]);
        }
    });

    it("creates the routes after mutual TLS is strict", () => {
        const strict = find(run, "kubernetes:security.istio.io/v1:PeerAuthentication", "istio-strict-mtls").urn;
        const routes = ofType(run, /^kubernetes:networking\.istio\.io/);
        expect(routes).toHaveLength(2);
        for (const { urn } of routes) {
            expect(closure(run, urn)).toContain(strict);
        }
    });

    it("deploys the gateway and Bookinfo in parallel", () => {
        const gateway = release(run, "gateway").urn;
        const deployments = ofType(run, DEPLOYMENT);
        expect(deployments.filter(({ urn }) => closure(run, urn).has(gateway))).toEqual([]);
        for (const urn of [gateway, ...deployments.map(({ urn }) => urn)]) {
            expect(waitedFor(run, urn).filter(({ type }) => DEPLOYMENT.test(type) || ISTIO_OBJECT.test(type))).toEqual(
                [],
            );
        }
    });

    it("lets the add-ons wait only for their namespace, Kiali also for the CRDs, and Roles for where they are", () => {
        const isAddon = (parent: string) => parent.includes(":addons:");
        const addons = run.resources.filter(({ custom, parent }) => custom && isAddon(parent));
        expect(addons.length).toBeGreaterThan(20);
        const others = (urn: string) =>
            waitedFor(run, urn).filter(
                ({ custom, type, parent }) => custom && /^kubernetes:/.test(type) && !isAddon(parent),
            );
        const more = (name: string, parent: string) => {
            const isCreated = run.resources.some(
                ({ type, name: other }) => /:Namespace$/.test(type) && other === "app-namespace",
            );
            const isKiali = parent.includes(":addons:Kiali::");
            const waits = isCreated && (isKiali || name === "prometheus-role-bookinfo");
            return [...(waits ? ["app-namespace"] : []), ...(isKiali ? ["istio-base"] : [])];
        };
        for (const { name, parent, urn } of addons) {
            const names = others(urn).map((resource) => resource.name);
            expect([name, names.sort()]).toEqual([name, [...more(name, parent), "istio-namespace"]]);
        }
    });

    it("deletes Kiali's release before the CRDs on destroy", () => {
        expect(find(run, "kubernetes:helm.sh/v3:Release", "kiali-release").dependencies).toContain(
            release(run, "base").urn,
        );
    });

    it("deletes everything on destroy, including the load balancer", () => {
        for (const { type, deletedWith, protect, retainOnDelete } of run.resources) {
            expect([type, deletedWith, protect, retainOnDelete]).toEqual([type, "", false, false]);
        }
    });

    it("waits for Deployments and not for Services", () => {
        const skipAwait = ({ inputs }: Registration) =>
            (inputs.metadata as { annotations?: Record<string, string> }).annotations?.["pulumi.com/skipAwait"];
        const services = ofType(run, /^kubernetes:core\/v1:Service$/).filter(({ read }) => !read);
        expect(services.map(skipAwait)).toEqual(Array(9).fill("true"));
        expect(ofType(run, DEPLOYMENT).map(skipAwait)).toEqual(Array(10).fill(undefined));
    });

    it("keeps the kubeconfig secret", () => {
        const { inputs } = find(run, "pulumi:providers:kubernetes", "cluster");
        expect(inputs).toMatchObject({ kubeconfig: SECRET, context: "here", clusterIdentifier: "here" });
        // Otherwise an update would fail at fields that kubectl has changed.
        expect(inputs.enablePatchForce).toMatch(/true/);
        expect(JSON.stringify(inputs.kubeconfig)).not.toContain("token-of-a-stranger");
        expect(run.outputs.kubeconfig).toMatchObject({ secret: true, known: true });
        expect(run.outputs.kubeconfig?.value).toContain("current-context: here");
    });

    it("exports its documented outputs, without undefined values", () => {
        expect(Object.keys(run.outputs).sort()).toEqual([
            "dashboards",
            "grafanaAdminPassword",
            "ingressIp",
            "kubeconfig",
            "productpageUrl",
        ]);
        for (const { value, known } of Object.values(run.outputs)) {
            expect(known && value === undefined).toBe(false);
        }
    });
});

it("marks the CRDs with what Leftovers remembers", async () => {
    const run = await standard();
    expect(find(run, "bookinfo-mesh:istio:Installed", "istio-installed").inputs.mark).toBe(MARK);
});

describe("the namespace", () => {
    it("default is only labelled", async () => {
        const run = await standard();
        const { inputs } = find(run, "kubernetes:core/v1:NamespacePatch", "app-namespace");
        expect(inputs.metadata).toEqual({ name: "default", labels: { "istio-injection": "enabled" } });
        expect(ofType(run, /:Namespace$/).map(({ name }) => name)).toEqual(["istio-namespace"]);
    });

    it("with any other name is created, and everything of Bookinfo is in it", async () => {
        const run = await inOwnNamespace();
        const { inputs } = find(run, "kubernetes:core/v1:Namespace", "app-namespace");
        expect(inputs.metadata).toEqual({ name: "bookinfo", labels: { "istio-injection": "enabled" } });
        expect(ofType(run, /:NamespacePatch$/)).toEqual([]);
        const ofBookinfo = run.resources.filter(({ parent }) => parent.includes(":bookinfo:Bookinfo"));
        expect(ofBookinfo).toHaveLength(16);
        for (const { inputs } of ofBookinfo) {
            expect(inputs.metadata).toMatchObject({ namespace: "bookinfo" });
        }
    });
});

describe("Bookinfo's Gateway", () => {
    it("selects the pods of the release, and the port of its Service", async () => {
        const run = await standard();
        // Chart gateway 1.31: pods are labelled `istio: <release without "istio-">` (_helpers.tpl), and the Service maps
        // port 80 to 80 (values.yaml).
        const label = String(release(run, "gateway").inputs.name).replace(/^istio-/, "");
        expect(find(run, "kubernetes:networking.istio.io/v1:Gateway", "bookinfo-gateway").inputs.spec).toMatchObject({
            selector: { istio: label },
            servers: [{ port: { number: 80 } }],
        });
    });

    it("is the Gateway of the routes", async () => {
        const run = await standard();
        const gateway = find(run, "kubernetes:networking.istio.io/v1:Gateway", "bookinfo-gateway");
        const routes = find(run, "kubernetes:networking.istio.io/v1:VirtualService", "bookinfo-routes");
        expect(gateway.inputs.metadata).toMatchObject({ name: "bookinfo-gateway", namespace: "default" });
        expect(routes.inputs).toMatchObject({
            metadata: { name: "bookinfo", namespace: "default" },
            spec: { gateways: ["bookinfo-gateway"] },
        });
    });
});

describe("mTLS", () => {
    it("is strict for the mesh, by a policy in the root namespace", async () => {
        const run = await standard();
        const { inputs } = find(run, "kubernetes:security.istio.io/v1:PeerAuthentication", "istio-strict-mtls");
        expect(inputs).toMatchObject({
            metadata: { name: "default", namespace: "istio-system" },
            spec: { mtls: { mode: "STRICT" } },
        });
    });

    it("gives every release the timeout of the config", async () => {
        const run = await runProgram({ cluster: CLUSTER, istio: { timeout: 90 } });
        expect(ofType(run, RELEASE).map(({ inputs }) => inputs.timeout)).toEqual([90, 90, 90, 90]);
    });

    it("is not changed if it is disabled", async () => {
        const run = await runProgram({
            cluster: CLUSTER,
            istio: { ...NO_ADDONS, global: { mtls: { enabled: false } } },
        });
        expect(ofType(run, /PeerAuthentication/)).toEqual([]);
    });
});

describe("Helm values", () => {
    const values = {
        base: { defaultRevision: "" },
        istiod: { pilot: { env: { X: "false" } }, global: { proxy: { readinessPeriodSeconds: 1 } } },
        // We set the second one too.
        gateway: { service: { loadBalancerIP: "203.0.113.9" }, imagePullPolicy: "Always" },
    };

    const istio = { ...NO_ADDONS, values, hub: "registry.example/istio" };
    const overridden = once(() => runProgram({ cluster: CLUSTER, istio }));

    it("of the config override ours, each for its chart", async () => {
        const run = await overridden();
        expect(release(run, "base").inputs.values).toMatchObject(values.base);
        expect(release(run, "istiod").inputs.values).toMatchObject({
            ...values.istiod,
            global: { hub: "registry.example/istio", tag: "1.31.1", proxy: { readinessPeriodSeconds: 1 } },
        });
        expect(release(run, "gateway").inputs.values).toMatchObject({
            ...values.gateway,
            autoscaling: { enabled: false },
        });
        for (const chart of ["base", "istiod"]) {
            expect(Object.keys(release(run, chart).inputs.values as object)).not.toContain("service");
        }
    });

    it("are secret only if they are set as secret", async () => {
        const istio = { ...NO_ADDONS, values };
        const run = await runProgram({ cluster: CLUSTER, istio }, { secretKeys: ["istio"] });
        expect(release(run, "istiod").inputs.values).toMatchObject(SECRET);
        expect(release(await overridden(), "istiod").inputs.values).not.toMatchObject(SECRET);
    });
});

describe("the ingress address", () => {
    it("is that of the Service of the release", async () => {
        const run = await standard();
        const service = find(run, "kubernetes:core/v1:Service", "istio-ingress");
        expect(service).toMatchObject({ read: true, id: "istio-system/istio-ingressgateway" });
        expect(run.outputs.ingressIp?.value).toBe(ADDRESS);
        expect(run.outputs.productpageUrl?.value).toBe(`http://${ADDRESS}/productpage`);
    });

    it("is not looked up before there is a release", async () => {
        const run = await preview();
        expect(find(run, "kubernetes:core/v1:Service", "istio-ingress").id).toBe(UNKNOWN);
        expect(run.outputs.ingressIp?.known).toBe(false);
        expect(run.outputs.productpageUrl?.known).toBe(false);
    });

    it("can be a host name", async () => {
        const { outputs } = await runProgram({ cluster: CLUSTER }, { ingress: { hostname: "lb.example" } });
        expect(outputs.ingressIp?.value).toBe("lb.example");
        expect(outputs.productpageUrl?.value).toBe("http://lb.example/productpage");
    });
});

describe("an invalid config", () => {
    it("ends the program with all issues, before anything is registered", async () => {
        const registered: Registration[] = [];
        const program = runProgram(
            { cluster: CLUSTER, istio: { version: "1.30.0" }, isto: {} },
            { onRegister: (registration) => registered.push(registration) },
        );
        await expect(program).rejects.toMatchObject({
            message: expect.stringMatching(/2 errors[^]*isto = [^]*istio\.version = "1\.30\.0"/) as string,
            // What Pulumi prints without a stack trace: errors.ts, RunError.
            __pulumiRunError: true,
        });
        expect(registered).toEqual([]);
    });
});
