import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { KubernetesObject } from "../../kubernetes/object";
import { diagnose } from "../diagnosis/diagnosis";
import { isOwnIn } from "../stack/namespaces";
import { stackOf } from "../testing/stack";
import { readFacts } from "./clusterFacts";
import { lookAtLoadBalancer } from "./loadBalancer";

let cluster: FakeCluster;
beforeEach(() => {
    cluster = new FakeCluster();
});

const K3S = "v1.35.1+k3s1";

function node(
    name: string,
    providerID: string,
    { version = "v1.35.1", ip = "172.18.0.3", labels = {} } = {},
): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels },
        spec: { providerID },
        status: {
            nodeInfo: { kubeletVersion: version, osImage: "" },
            addresses: [
                { type: "InternalIP", address: ip },
                { type: "Hostname", address: name },
            ],
        },
    };
}

function balanced(
    namespace: string,
    name: string,
    ports: number[],
    address?: string,
    spec: object = {},
): KubernetesObject {
    const ingress = address === undefined ? [] : [/^\d/.test(address) ? { ip: address } : { hostname: address }];
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, namespace },
        spec: { type: "LoadBalancer", ports: ports.map((port) => ({ port })), ...spec },
        status: { loadBalancer: { ingress } },
    };
}

const crd = (name: string): KubernetesObject => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name },
});

const k3d = node("k3d-demo-server-0", "k3s://k3d-demo-server-0", { version: K3S });
const traefik = balanced("kube-system", "traefik", [80, 443], "172.18.0.3");
const gateway = (address?: string, spec?: object) =>
    balanced("istio-system", "istio-ingressgateway", [80], address, spec);
const stack = (gateway: object = {}, values: object = {}) =>
    stackOf({ file: { config: { "bookinfo-mesh:istio": { gateway, values: { gateway: values } } } } });
const look = async (of = stack()) => lookAtLoadBalancer(of, cluster.api, await readFacts(cluster.api, of));

describe("A6: who has the gateway's ports", () => {
    it.each([
        [k3d, "k3d cluster create NAME --k3s-arg '--disable=traefik@server:0'"],
        [node("lima-rancher-desktop", "k3s://lima", { version: K3S }), "rdctl set --kubernetes.options.traefik=false"],
        [node("pi", "k3s://pi", { version: K3S }), "k3s server --disable traefik"],
    ])("is named before anything is deployed, with the switch and the other way", async (node, command) => {
        cluster.objects = [node, traefik];
        const { obstacle = "" } = await look();
        expect(obstacle).toContain("Service kube-system/traefik has the port 80 of the nodes already.");
        expect(obstacle).toContain(`If nobody needs its Ingresses, turn Traefik off:`);
        expect(obstacle).toContain(command);
        expect(obstacle).toContain("set istio.gateway.service.type to ClusterIP or NodePort");
        expect(obstacle).toContain("npx bookinfo dashboard bookinfo");
        expect(obstacle).not.toMatch(/delete|MetalLB/);
    });

    it("is named if k3s still has to install it", async () => {
        cluster.objects = [k3d, { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", metadata: traefik.metadata }];
        expect((await look()).obstacle).toContain("kube-system/traefik has the port 80 of");
        const https = await look(stack({ tls: { selfSigned: true } }));
        expect(https.obstacle).toContain("kube-system/traefik has the ports 80 and 443 of");
    });

    it("is somebody else, whose owner decides", async () => {
        cluster.objects = [k3d, balanced("web", "shop", [8080, 80], "172.18.0.3")];
        const { obstacle } = await look();
        expect(obstacle).toContain(
            "Service web/shop has the port 80 of the nodes already. Its owner can give it other ports",
        );
    });

    it("is only noted on Docker Desktop, which has given a port twice", async () => {
        cluster.objects = [node("docker-desktop", ""), balanced("web", "shop", [80], "localhost")];
        const { obstacle, note } = await look();
        expect(obstacle).toBeUndefined();
        expect(note).toContain("Service web/shop has the port 80 of the nodes already.");
    });

    it.each<[string, KubernetesObject[], ReturnType<typeof stack>]>([
        ["other ports", [k3d, balanced("web", "shop", [8080], "172.18.0.3")], stack()],
        ["an address of its own", [k3d, balanced("web", "shop", [80], "192.168.1.9")], stack()],
        ["other load balancers than those of the nodes", [node("n", ""), traefik], stack()],
        ["a gateway that has its address already", [k3d, traefik, gateway("172.18.0.3")], stack()],
        ["a gateway of another class", [k3d, traefik], stack({ service: { loadBalancerClass: "a/b" } })],
        ["a gateway without a load balancer", [k3d, traefik], stack({ service: { type: "NodePort" } })],
        ["one by Helm values", [k3d, traefik], stack({}, { service: { type: "ClusterIP" } })],
        [
            "other ports by Helm values",
            [k3d, traefik],
            stack({}, { service: { ports: [{ port: 8080, targetPort: 80 }] } }),
        ],
        [
            "something that is no port, which the program refuses",
            [k3d, traefik],
            stack({}, { service: { ports: [null, "80"] } }),
        ],
        [
            "a config that only the engine can read",
            [k3d, traefik],
            stackOf({ file: { config: { "bookinfo-mesh:istio": { secure: "v1:x" } } } }),
        ],
    ])("does not matter: %s", async (_, objects, of) => {
        cluster.objects = objects;
        const { obstacle, note = "" } = await look(of);
        expect(obstacle).toBeUndefined();
        expect(note).not.toContain("of the nodes already");
    });

    it("is the reason of a gateway without an address, and not missing load balancers", async () => {
        cluster.objects = [k3d, traefik, gateway()];
        const [problem] = await diagnose(cluster.api, isOwnIn("default"));
        expect(problem?.why).toBe("has no external address, because other Services have its ports");
        expect(problem?.remedy).toContain("k3d cluster create NAME --k3s-arg '--disable=traefik@server:0'");
        expect(problem?.remedy).not.toContain("MetalLB");
    });
});

describe("A6: whether a cluster gives addresses", () => {
    const kind = node("demo-control-plane", "kind://docker/demo/demo-control-plane");

    it.each([
        [kind, "cloud-provider-kind"],
        [node("minikube", "", { labels: { "minikube.k8s.io/name": "minikube" } }), "`minikube tunnel`"],
    ])("cannot be seen from it, so what has to run is only noted", async (node, what) => {
        cluster.objects = [node];
        const { obstacle, note } = await look();
        expect(obstacle).toBeUndefined();
        expect(note).toContain(what);
        expect(note).toContain("Whether it runs cannot be seen from here. Or do without a load balancer:");
    });

    it("is doubtful on machines of one's own without any provider", async () => {
        cluster.objects = [node("n1", "")];
        expect((await look()).note).toMatch(/^Nothing in the cluster shows that it has load balancers\..*MetalLB/);
    });

    it("is refuted by a provider without addresses", async () => {
        cluster.objects = [node("n1", ""), crd("ipaddresspools.metallb.io")];
        expect((await look()).note).toMatch(/^MetalLB is in the cluster, but has no IPAddressPool/);
    });

    it.each<[string, KubernetesObject[]]>([
        ["a cloud", [node("n", "aws:///z/i")]],
        ["another cloud", [node("n", "hcloud://1")]],
        ["ServiceLB", [k3d]],
        ["Docker Desktop", [node("docker-desktop", "")]],
        ["a Service with an address", [kind, balanced("web", "shop", [80], "172.18.0.9")]],
        [
            "MetalLB with a pool",
            [
                node("n", ""),
                crd("ipaddresspools.metallb.io"),
                { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata: { name: "p", namespace: "m" } },
            ],
        ],
        [
            "Cilium with a pool",
            [
                node("n", ""),
                crd("ciliumloadbalancerippools.cilium.io"),
                { apiVersion: "cilium.io/v2alpha1", kind: "CiliumLoadBalancerIPPool", metadata: { name: "p" } },
            ],
        ],
        [
            "kube-vip",
            [
                node("n", ""),
                {
                    apiVersion: "apps/v1",
                    kind: "Deployment",
                    metadata: { name: "kube-vip-cloud-provider", namespace: "k" },
                },
            ],
        ],
        ["nothing that the user may see", []],
    ])("is not doubted with %s", async (_, objects) => {
        cluster.objects = objects;
        expect(await look()).toEqual({ note: undefined });
    });

    it("is not asked if the gateway needs none, or in the sandbox", async () => {
        cluster.objects = [kind];
        expect(await look(stack({ service: { type: "ClusterIP" } }))).toEqual({});
        expect(await look(stackOf({ name: "local" }))).toEqual({});
    });

    it("is advice for the platform if the gateway gets no address", async () => {
        const remedyOn = async (node: KubernetesObject) => {
            cluster.objects = [node, gateway()];
            return (await diagnose(cluster.api, isOwnIn("default")))[0]?.remedy;
        };
        expect(await remedyOn(kind)).toMatch(/cloud-provider-kind.*istio\.timeout.*istio\.gateway\.service\.type/);
        expect(await remedyOn(node("n", "aws:///z/i"))).toMatch(/^Look at the Service's events/);
        expect(await remedyOn(k3d)).toContain("--disable servicelb");
    });
});
