import { defaults } from "./pack";
import { type Declared, UNKNOWN } from "./rule";
import { rules, stackRules } from "./rules";

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

const peers = (spec: object) => resource("kubernetes:security.istio.io/v1:PeerAuthentication")({ spec });
const callers = (spec: object) => resource("kubernetes:networking.istio.io/v1:DestinationRule")({ spec });
const settings = (ini: string) => resource("kubernetes:core/v1:ConfigMap")({ data: { "grafana.ini": ini } });
const RBAC = "kubernetes:rbac.authorization.k8s.io/v1";
const role = (rule: object) => resource(`${RBAC}:ClusterRole`)({ rules: [rule] });
const binding = (name: string, subject: object) =>
    resource(`${RBAC}:ClusterRoleBinding`)({ roleRef: { name }, subjects: [subject] });

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
    "no-node-ports": {
        pass: [
            service({ metadata: { name: "a" }, spec: { type: "ClusterIP" } }),
            service({ metadata: { name: UNKNOWN }, spec: { type: "NodePort" } }),
            release({ chart: "gateway", values: { service: { type: "LoadBalancer" } } }),
        ],
        fail: [
            [service({ metadata: { name: "a" }, spec: { type: "NodePort" } }), /Make the Service ClusterIP/],
            [release({ chart: "gateway", values: { service: { type: "NodePort" } } }), /values\.service\.type/],
        ],
    },
    "no-external-ips": {
        pass: [
            service({ spec: {} }),
            service({ spec: { externalIPs: [] } }),
            release({ chart: "gateway", values: {} }),
        ],
        fail: [
            [service({ spec: { externalIPs: ["192.0.2.1"] } }), /Take spec\.externalIPs out/],
            [release({ chart: "gateway", values: { service: { externalIPs: ["192.0.2.1"] } } }), /values\.service\./],
        ],
    },
    "no-gateway-api": {
        pass: [resource("kubernetes:networking.istio.io/v1:Gateway")({ metadata: { name: "a" } })],
        fail: [
            [
                resource("kubernetes:gateway.networking.k8s.io/v1:Gateway")({ metadata: { name: "a" } }),
                /networking\.istio\.io/,
            ],
        ],
    },
    "mutual-tls": {
        pass: [
            peers({ mtls: { mode: "STRICT" } }),
            callers({ trafficPolicy: { tls: { mode: "ISTIO_MUTUAL" } } }),
            callers({ trafficPolicy: { loadBalancer: { mode: "DISABLE" } } }),
            release({ chart: "istiod", values: { meshConfig: { enableAutoMtls: true } } }),
        ],
        fail: [
            [peers({ mtls: { mode: "DISABLE" } }), /Set spec\.mtls\.mode to STRICT/],
            [peers({ mtls: { mode: "STRICT" }, portLevelMtls: { 80: { mode: "PERMISSIVE" } } }), /portLevelMtls\.80/],
            [callers({ subsets: [{ trafficPolicy: { tls: { mode: "DISABLE" } } }] }), /subsets\.0.*ISTIO_MUTUAL/],
            [release({ chart: "istiod", values: { meshConfig: { enableAutoMtls: false } } }), /enableAutoMtls/],
        ],
    },
    "grafana-viewers": {
        pass: [
            container({ env: [{ name: "GF_AUTH_ANONYMOUS_ORG_ROLE", value: "Viewer" }] }),
            settings("[auth.anonymous]\nenabled = true\norg_role = Viewer\n[users]\norg_role = Admin\n"),
        ],
        fail: [
            [container({ env: [{ name: "GF_AUTH_ANONYMOUS_ORG_ROLE", value: "Admin" }] }), /of container c to Viewer/],
            [settings("[auth.anonymous]\nenabled = true\norg_role = Admin\n"), /in grafana\.ini to Viewer/],
            [
                release({ chart: "grafana", values: { "grafana.ini": { "auth.anonymous": { org_role: "Editor" } } } }),
                /org_role to Viewer/,
            ],
        ],
    },
    "no-cluster-admin": {
        pass: [binding("view", { kind: "ServiceAccount", name: "a", namespace: "b" })],
        fail: [
            [binding("cluster-admin", { kind: "User", name: "a" }), /Replace cluster-admin/],
            [binding("view", { kind: "Group", name: "system:authenticated" }), /Take the subject system:authenticated/],
        ],
    },
    "no-rbac-wildcards": {
        pass: [role({ apiGroups: [""], resources: ["pods"], verbs: ["get"] }), role({ verbs: UNKNOWN })],
        fail: [
            [role({ apiGroups: [""], resources: ["*"], verbs: ["get"] }), /rules\[0\]\.resources/],
            [role({ apiGroups: [""], resources: ["pods"], verbs: ["*"] }), /rules\[0\]\.verbs/],
            [role({ nonResourceURLs: ["/metrics/*"], verbs: ["get"] }), /nonResourceURLs/],
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

describe("network-policies", () => {
    const [networkPolicies] = stackRules;
    const workload = (name: string, namespace: string, labels = {}) =>
        resource("kubernetes:apps/v1:Deployment")(
            { metadata: { namespace }, spec: { template: { metadata: { labels: { app: name, ...labels } } } } },
            name,
        );
    const policy = (namespace: string, podSelector: unknown) =>
        resource("kubernetes:networking.k8s.io/v1:NetworkPolicy")({ metadata: { namespace }, spec: { podSelector } });
    const refused = (...resources: Declared[]) =>
        networkPolicies?.violations(resources).map(({ of, message }) => `${of.name}: ${message}`);
    const message =
        "Give the pods a NetworkPolicy with their callers, because no sidecar asks these for a certificate.";

    it("is met if a policy of the namespace selects the pods", () => {
        const grafana = workload("grafana", "istio-system");
        for (const selector of [
            { matchLabels: { app: "grafana" } },
            { matchExpressions: [{ key: "app", operator: "In", values: ["grafana", "jaeger"] }] },
            {},
            UNKNOWN,
        ]) {
            expect(refused(grafana, policy("istio-system", selector))).toEqual([]);
        }
        expect(refused(grafana)).toEqual([`grafana: ${message}`]);
        expect(refused(grafana, policy("istio-system", { matchLabels: { app: "jaeger" } }))).toHaveLength(1);
        expect(refused(grafana, policy("elsewhere", {}))).toHaveLength(1);
    });

    it("does not count for pods with a sidecar, such as Bookinfo's", () => {
        const namespace = resource("kubernetes:core/v1:NamespacePatch")({
            metadata: { name: "default", labels: { "istio-injection": "enabled" } },
        });
        const ratings = workload("ratings", "default");
        expect(refused(ratings)).toHaveLength(1);
        expect(refused(ratings, namespace)).toEqual([]);
        const without = workload("own", "default", { "sidecar.istio.io/inject": "false" });
        expect(refused(without, namespace)).toEqual([`own: ${message}`]);
    });
});
