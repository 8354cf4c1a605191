import { defaults } from "./pack";
import { type Declared, UNKNOWN } from "./rule";
import { rules } from "./rules";

const resource =
    (type: string) =>
    (inputs: object, name = "it"): Declared => ({ type, name, inputs });

const network = resource("gcp:compute/network:Network");
const cluster = resource("gcp:container/cluster:Cluster");
const nodePool = resource("gcp:container/nodePool:NodePool");
const address = resource("gcp:compute/address:Address");
const member = resource("gcp:projects/iAMMember:IAMMember");
const service = resource("kubernetes:core/v1:Service");
const ingress = resource("kubernetes:networking.k8s.io/v1:Ingress");
const release = resource("kubernetes:helm.sh/v3:Release");
const deployment = (spec: object, labels = {}) =>
    resource("kubernetes:apps/v1:Deployment")({ spec: { template: { metadata: { labels }, spec } } });
const container = (spec: object) => deployment({ containers: [{ name: "c", ...spec }] });

const oneContainer = { name: "c", image: "docker.io/istio/examples-bookinfo-ratings-v1:1.20.3" };
const amounts = { cpu: "10m", memory: "64Mi" };

/** For each rule: resources that pass, and resources that violate it, with a part of the message. */
const cases: Record<string, { pass: Declared[]; fail: [Declared, RegExp][] }> = {
    "no-default-network": {
        pass: [
            network({ autoCreateSubnetworks: false }),
            cluster({ network: "projects/p/global/networks/dev-1a2b3c4", subnetwork: "nodes" }),
            cluster({ network: UNKNOWN, subnetwork: UNKNOWN }),
        ],
        fail: [
            [network({}), /autoCreateSubnetworks: false/],
            [cluster({ subnetwork: "nodes" }), /Set network/],
            [cluster({ network: "default", subnetwork: "default" }), /Set network/],
            [cluster({ network: "projects/p/global/networks/default", subnetwork: "nodes" }), /Set network/],
            [cluster({ network: "dev" }), /Set subnetwork/],
        ],
    },
    "private-nodes": {
        pass: [
            cluster({ privateClusterConfig: { enablePrivateNodes: true } }),
            cluster({ masterAuthorizedNetworksConfig: { cidrBlocks: [{ cidrBlock: "203.0.113.0/24" }] } }),
            cluster({ privateClusterConfig: UNKNOWN }),
        ],
        fail: [
            [cluster({}), /enablePrivateNodes: true/],
            [cluster({ masterAuthorizedNetworksConfig: { cidrBlocks: [] } }), /enablePrivateNodes: true/],
        ],
    },
    "control-plane-access": {
        pass: [
            cluster({ controlPlaneEndpointsConfig: { ipEndpointsConfig: { enabled: false } } }),
            cluster({ privateClusterConfig: { enablePrivateEndpoint: true } }),
            cluster({ masterAuthorizedNetworksConfig: { cidrBlocks: [{ cidrBlock: "203.0.113.0/24" }] } }),
        ],
        fail: [
            [cluster({ privateClusterConfig: { enablePrivateNodes: true } }), /ipEndpointsConfig\.enabled: false/],
            [
                cluster({ masterAuthorizedNetworksConfig: { cidrBlocks: [{ cidrBlock: "0.0.0.0/0" }] } }),
                /Take 0\.0\.0\.0\/0 out/,
            ],
        ],
    },
    "workload-identity": {
        pass: [
            cluster({ workloadIdentityConfig: { workloadPool: "p.svc.id.goog" } }),
            cluster({ enableAutopilot: true }),
            nodePool({ nodeConfig: { workloadMetadataConfig: { mode: "GKE_METADATA" } } }),
        ],
        fail: [
            [cluster({}), /workloadPool/],
            [nodePool({ nodeConfig: { workloadMetadataConfig: { mode: "GCE_METADATA" } } }), /GKE_METADATA/],
            [nodePool({}), /GKE_METADATA/],
        ],
    },
    "shielded-nodes": {
        pass: [
            cluster({}),
            cluster({ enableShieldedNodes: true }),
            nodePool({ nodeConfig: { shieldedInstanceConfig: { enableSecureBoot: true } } }),
        ],
        fail: [
            [cluster({ enableShieldedNodes: false }), /enableShieldedNodes/],
            [nodePool({ nodeConfig: {} }), /enableSecureBoot: true/],
            [
                nodePool({
                    nodeConfig: {
                        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: false },
                    },
                }),
                /enableIntegrityMonitoring/,
            ],
        ],
    },
    "node-service-account": {
        pass: [
            nodePool({ nodeConfig: { serviceAccount: "nodes@p.iam.gserviceaccount.com" } }),
            nodePool({ nodeConfig: { serviceAccount: UNKNOWN } }),
            cluster({ removeDefaultNodePool: true }),
            cluster({
                enableAutopilot: true,
                clusterAutoscaling: { autoProvisioningDefaults: { serviceAccount: "a@b" } },
            }),
        ],
        fail: [
            [nodePool({ nodeConfig: {} }), /Set nodeConfig\.serviceAccount/],
            [nodePool({ nodeConfig: { serviceAccount: "default" } }), /Set nodeConfig\.serviceAccount/],
            [
                nodePool({ nodeConfig: { serviceAccount: "123-compute@developer.gserviceaccount.com" } }),
                /Set nodeConfig\.serviceAccount/,
            ],
            [cluster({}), /removeDefaultNodePool: true/],
            [cluster({ enableAutopilot: true, removeDefaultNodePool: true }), /autoProvisioningDefaults/],
        ],
    },
    "no-basic-roles": {
        pass: [member({ role: "roles/container.defaultNodeServiceAccount" })],
        fail: [[member({ role: "roles/editor" }), /instead of roles\/editor/]],
    },
    "load-balancers": {
        pass: [
            service({ metadata: { name: "istio-ingressgateway" }, spec: { type: "LoadBalancer" } }),
            service({ metadata: { name: "kiali" }, spec: { type: "ClusterIP" } }),
            release({ chart: "gateway", name: "istio-ingressgateway", values: {} }),
            release({ chart: "gateway", name: "istio-egressgateway", values: { service: { type: "ClusterIP" } } }),
            release({ chart: "kiali-server", name: "kiali", values: { deployment: { service_type: "ClusterIP" } } }),
            release({ chart: "kiali-server", name: UNKNOWN, values: UNKNOWN }),
        ],
        fail: [
            [service({ metadata: { name: "kiali" }, spec: { type: "LoadBalancer" } }), /Make it ClusterIP/],
            [release({ chart: "gateway", name: "istio-egressgateway" }), /values\.service\.type/],
            [
                release({
                    chart: "kiali-server",
                    name: "kiali",
                    values: { deployment: { service_type: "LoadBalancer" } },
                }),
                /values\.deployment\.service_type/,
            ],
            [ingress({}), /Replace the Ingress/],
        ],
    },
    "pinned-images": {
        pass: [
            container(oneContainer),
            container({ image: "registry.example:5000/app:2" }),
            container({ image: "app@sha256:9b2a" }),
            container({ image: UNKNOWN }),
            release({ chart: "istiod", values: { global: { tag: "1.31.1" } } }),
        ],
        fail: [
            [container({ image: "registry.example:5000/app" }), /has no tag/],
            [container({ image: "app:latest" }), /has the tag latest/],
            [
                deployment({ initContainers: [{ name: "i", image: "app" }], containers: [oneContainer] }),
                /container i a version/,
            ],
            [release({ chart: "istiod", values: { global: { tag: "latest" } } }), /values\.global\.tag/],
        ],
    },
    "pinned-charts": {
        pass: [
            release({ chart: "istiod", version: "1.31.1", repositoryOpts: { repo: "https://charts.example" } }),
            release({ chart: "/run/charts/istiod" }),
            release({ chart: "./charts/istiod-1.31.1.tgz" }),
        ],
        fail: [
            [release({ chart: "istiod", repositoryOpts: { repo: "https://charts.example" } }), /newest/],
            [release({ chart: "oci://charts.example/istiod", version: "^1.31.0" }), /\^1\.31\.0 allows several/],
        ],
    },
    "requests-and-limits": {
        pass: [container({ resources: { requests: amounts, limits: { memory: "64Mi" } } })],
        fail: [
            [container({ resources: { requests: amounts } }), /limits\.memory of container c/],
            [container({ resources: { requests: { memory: "1Mi" }, limits: amounts } }), /requests\.cpu/],
        ],
    },
    "no-privileged-containers": {
        pass: [
            container({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }),
            container({ securityContext: { capabilities: { add: ["NET_BIND_SERVICE"] } } }),
            release({ chart: "cni", values: { privileged: true } }),
        ],
        fail: [
            [container({ securityContext: { privileged: true } }), /privileged: true out of container c/],
            [container({ securityContext: { allowPrivilegeEscalation: true } }), /allowPrivilegeEscalation/],
            [container({ securityContext: { capabilities: { add: ["NET_ADMIN"] } } }), /NET_ADMIN/],
            [deployment({ hostNetwork: true }), /hostNetwork/],
            [deployment({ volumes: [{ name: "v", hostPath: { path: "/" } }] }), /volume v/],
            [
                release({ chart: "istiod", values: { global: { proxy: { privileged: true } } } }),
                /values\.global\.proxy/,
            ],
        ],
    },
    labels: {
        pass: [
            cluster({ resourceLabels: { app: "bookinfo-mesh", stack: "dev" } }),
            address({ labels: { app: UNKNOWN, stack: "dev" } }),
            address({ labels: UNKNOWN }),
        ],
        fail: [
            [cluster({ resourceLabels: { app: "bookinfo-mesh" } }), /`stack` in resourceLabels/],
            [nodePool({ nodeConfig: { resourceLabels: { stack: "dev" } } }), /`app` in nodeConfig\.resourceLabels/],
            [address({ labels: { stack: "dev" } }), /`app` in labels/],
        ],
    },
    "pod-labels": {
        pass: [deployment({}, { app: "ratings" }), service({})],
        fail: [[deployment({}, { tier: "web" }), /`app`/]],
    },
};

test("every rule has test cases", () => {
    expect(Object.keys(cases)).toEqual(rules.map(({ name }) => name));
});

describe.each(rules)("$name", (rule) => {
    const { pass = [], fail = [] } = cases[rule.name] ?? {};
    const settings = defaults(rule);

    it.each(pass)("accepts $type $inputs", (declared) => {
        expect(rule.violations(declared, settings)).toEqual([]);
    });

    it.each(fail)("refuses %j", (declared, message) => {
        expect(rule.violations(declared, settings)).toEqual([expect.stringMatching(message)]);
    });

    it("accepts all other resources", () => {
        for (const type of ["kubernetes:core/v1:ConfigMap", "gcp:storage/bucket:Bucket", "bookinfo-mesh:istio:Istio"]) {
            expect(rule.violations(resource(type)({ type: "LoadBalancer" }), settings)).toEqual([]);
        }
    });

    it("says in sentences what to do", () => {
        expect(rule.description).toMatch(/^[A-Z].*[.)]$/);
        for (const message of fail.flatMap(([declared]) => rule.violations(declared, settings))) {
            expect(message).toMatch(/\b(Set|Take|Make|Replace|Give|Grant)\b.*\.$/);
        }
    });
});
