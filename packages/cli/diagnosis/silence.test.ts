import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { KubernetesObject } from "../../kubernetes/object";
import { type ExternalPage, type Ingress } from "../mesh/ingress";
import { likelyCauses, silenceNotice } from "./silence";

const SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme";

/** The gateway at an address. */
function gateway(host: string, { metadata = {}, spec = {} }: { metadata?: object; spec?: object } = {}): Ingress {
    const page: ExternalPage = { url: `http://${host}/productpage`, endpoint: { host, port: 80 }, configured: false };
    const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "istio-ingressgateway", namespace: "istio-system", ...metadata },
        spec: { ports: [{ port: 80, nodePort: 30080 }], ...spec },
    };
    return { page, service, type: "LoadBalancer", ports: { service: 80, pod: 80 }, access: { hosts: [] } };
}

function node(name: string, providerID: string): KubernetesObject {
    return { apiVersion: "v1", kind: "Node", metadata: { name }, spec: { providerID } };
}

describe("A6: the likely cause of a silent address", () => {
    const failure = "no answer in 5 s";
    const why = (ingress: Ingress, facts: Partial<Parameters<typeof likelyCauses>[0]> = {}) => {
        const ip = ingress.page?.endpoint.host;
        return likelyCauses({ ingress, failure, os: "linux", ip, ...facts }).map((cause) => cause.why);
    };
    const remedy = (...args: Parameters<typeof why>) => {
        const ip = args[0].page?.endpoint.host;
        return likelyCauses({ ingress: args[0], failure, os: "linux", ip, ...args[1] })[0]?.remedy;
    };

    it("is Docker's network for kind and k3d on a Mac", () => {
        const facts = { platform: "kind", os: "darwin" } as const;
        expect(why(gateway("172.18.0.5"), facts)[0]).toContain(
            "172.18.0.5 is in Docker's network, which is inside a virtual machine and not reachable from this system",
        );
        expect(remedy(gateway("172.18.0.5"), facts)).toContain("cloud-provider-kind as root");
        expect(remedy(gateway("172.18.0.5"), { ...facts, platform: "k3d" })).toContain("istio.gateway.address");
        expect(why(gateway("172.18.0.5"), { ...facts, os: "linux" })[0]).not.toContain(
            "not reachable from this system",
        );
    });

    it("is the tunnel for minikube", () => {
        expect(remedy(gateway("10.96.5.5"), { platform: "minikube" })).toContain("`minikube tunnel`");
        expect(remedy(gateway("127.0.0.1"), { platform: "minikube" })).toContain("`minikube tunnel`");
    });

    it.each([
        [{ spec: { loadBalancerClass: "service.k8s.aws/nlb" } }],
        [{ spec: { loadBalancerClass: "eks.amazonaws.com/nlb" } }],
        [{ metadata: { finalizers: ["service.k8s.aws/resources"] } }],
    ])("is the internal load balancer that AWS makes by default: %j", (service) => {
        const ingress = gateway("k8s-istio.elb.us-east-1.amazonaws.com", service);
        const facts = { platform: "AWS", ip: "10.0.1.5" } as const;
        expect(why(ingress, facts)[0]).toBe(
            "the load balancer is internal, as AWS makes it by default: only its VPC reaches it",
        );
        expect(remedy(ingress, facts)).toBe(
            `set in istio.gateway.service.annotations: "${SCHEME}: internet-facing", and deploy again`,
        );
    });

    it("is not that if the annotation makes it public", () => {
        const ingress = gateway("k8s.elb.amazonaws.com", {
            metadata: { annotations: { [SCHEME]: "internet-facing" } },
            spec: { loadBalancerClass: "service.k8s.aws/nlb" },
        });
        expect(why(ingress, { platform: "AWS", ip: "203.0.113.5" })).toEqual([
            "a firewall, or a missing route, between this machine and k8s.elb.amazonaws.com",
        ]);
    });

    it.each([
        ["service.beta.kubernetes.io/azure-load-balancer-internal", "true"],
        ["networking.gke.io/load-balancer-type", "Internal"],
    ])("is the annotation %s", (key, value) => {
        const ingress = gateway("10.224.0.9", { metadata: { annotations: { [key]: value } } });
        expect(why(ingress, { platform: "Azure" })[0]).toBe(
            `the annotation ${key} makes the load balancer internal: only its network reaches it`,
        );
    });

    it.each([
        "10.1.2.3",
        "172.16.0.1",
        "172.31.9.9",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.0.1",
        "fd12::1",
        "169.254.1.1",
    ])("is the private address %s", (host) => {
        expect(why(gateway(host), { platform: "Google Cloud" })).toEqual([
            `${host} is a private address: only its own network, or a VPN into it, reaches it`,
        ]);
    });

    it.each(["172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "203.0.113.1", "2001:db8::1"])(
        "is not a private address: %s",
        (host) => {
            expect(why(gateway(host))).toEqual([`a firewall, or a missing route, between this machine and ${host}`]);
        },
    );

    it("is a name that does not resolve yet", () => {
        expect(why(gateway("new.elb.example.com"), { ip: undefined, platform: "AWS" })).toEqual([
            "the load balancer may be internal: AWS' load balancer controller makes it so by default",
            "the name new.elb.example.com does not resolve here (yet): the name of a new load balancer takes minutes",
        ]);
    });

    it("is a new load balancer of a cloud, but only for ten minutes", () => {
        const aged = (minutes: number) =>
            gateway("203.0.113.9", {
                metadata: { creationTimestamp: new Date(Date.now() - minutes * 60_000).toISOString() },
            });
        expect(why(aged(2), { platform: "Azure" })[0]).toBe(
            "the load balancer is new, and those of Azure answer only after some minutes",
        );
        expect(why(aged(11), { platform: "Azure" })[0]).toContain("a firewall");
        expect(why(aged(2))[0]).toContain("a firewall");
    });

    it("is the ranges that clients may come from, beside others", () => {
        const ingress = gateway("10.0.0.9", { spec: { loadBalancerSourceRanges: ["192.0.2.0/24"] } });
        expect(why(ingress, { platform: "another cloud" })).toEqual([
            "the load balancer lets only clients from 192.0.2.0/24 through",
            "10.0.0.9 is a private address: only its own network, or a VPN into it, reaches it",
        ]);
    });

    it("is what stands in front of the gateway, if the config names it", () => {
        const ingress = gateway("localhost");
        Object.assign(ingress.page ?? {}, { configured: true, endpoint: { host: "localhost", port: 8080 } });
        ingress.type = "NodePort";
        expect(remedy(ingress)).toBe(
            "let port 8080 of localhost lead to port 30080 of the nodes, which leads to the gateway, or correct istio.gateway.address",
        );
    });

    it("is nothing that listens, if the connection is refused", () => {
        expect(why(gateway("203.0.113.1"), { failure: "connection refused" })).toEqual([
            "nothing listens at port 80 of 203.0.113.1, or a firewall refuses the connection",
        ]);
    });
});

describe("A6: the notice about a silent address", () => {
    const cluster = new FakeCluster();
    const dashboard = "npx bookinfo dashboard bookinfo --context kind-demo";

    it("says that Bookinfo works, the cause, and the two ways on", async () => {
        cluster.objects = [node("demo-control-plane", "kind://docker/demo/demo-control-plane")];
        const text = await silenceNotice(cluster.api, gateway("172.18.0.5"), {
            failure: "no answer in 5 s",
            dashboard,
            os: "darwin",
        });
        expect(text.split("\n")).toEqual([
            "This machine does not reach http://172.18.0.5/productpage (no answer in 5 s), but the page answers through the API " +
                "server: Bookinfo works.",
            expect.stringMatching(/^Likely cause: 172\.18\.0\.5 is in Docker's network/),
            "Ways on:",
            `  ${dashboard}   opens the page through a port-forward`,
            expect.stringMatching(/^ {2}run cloud-provider-kind/),
        ]);
    });

    it("claims no platform if the user may not list nodes", async () => {
        const { api } = cluster;
        api.list = () => Promise.reject(new Error("forbidden"));
        const text = await silenceNotice(api, gateway("203.0.113.5"), { failure: "no answer in 5 s", dashboard });
        expect(text).toContain("Likely cause: a firewall, or a missing route, between this machine and 203.0.113.5.");
    });

    it("is only how to open the page if there is no address", async () => {
        const ingress = { ...gateway(""), page: undefined, type: "NodePort" };
        const text = await silenceNotice(cluster.api, ingress, { dashboard });
        expect(text).toBe(
            "The ingress gateway has no external address, because its Service is of type NodePort. " +
                `This opens the page through a port-forward:\n  ${dashboard}`,
        );
    });
});
