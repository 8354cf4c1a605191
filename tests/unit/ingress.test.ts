import { endpointOf, podPort, urlOf } from "../../components/istio/address";
import { gatewayValues } from "../../components/istio/values";
import { ConfigError, parseConfig } from "../../config";
import { parseAddress } from "../../config/address";
import { once } from "./once";
import { CLUSTER, find, GOOGLE, KUBECONFIG, NO_ADDONS, onGoogle, type Run, runProgram } from "./program";

/* The way in: how clients reach the ingress gateway. */

/** The checked config of Istio with these settings of the gateway. */
function istio(gateway: object, values: object = {}) {
    const cluster = JSON.stringify({ ...CLUSTER, path: KUBECONFIG });
    return parseConfig({ cluster, istio: JSON.stringify({ gateway, values: { gateway: values } }) }).istio;
}

/** The issues of these settings. */
function issues(gateway: object, values: object = {}): string[] {
    try {
        istio(gateway, values);
        return [];
    } catch (error) {
        return error instanceof ConfigError ? error.message.split("\n  ").slice(1) : [String(error)];
    }
}

const serviceOf = (gateway: object) => gatewayValues(istio(gateway)).service;

const portOf = (name: string, port: number) => ({ name, port, protocol: "TCP", targetPort: port });
const [STATUS, HTTP, HTTPS] = [portOf("status-port", 15021), portOf("http2", 80), portOf("https", 443)];

describe("A6: the Service of the gateway", () => {
    it("opens only the port that is served, and the one of HTTPS if that is served too", () => {
        expect(Object.keys(istio({}).gateway)).toEqual(["resources", "autoscaling"]);
        expect(serviceOf({})).toEqual({ ports: [HTTP] });
        expect(serviceOf({ service: { type: "LoadBalancer", annotations: {} } })).toEqual({ ports: [HTTP] });
        expect(serviceOf({ tls: { secret: "a" } })).toEqual({ ports: [HTTP, HTTPS] });
        expect(istio({}).ingress.ports).toEqual([80]);
        expect(istio({ tls: { secret: "a" } }).ingress.ports).toEqual([80, 443]);
    });

    it("has the port of its health if it is no load balancer, for what stands in front", () => {
        for (const type of ["NodePort", "ClusterIP"]) {
            expect(serviceOf({ service: { type } })).toEqual({ type, ports: [STATUS, HTTP] });
            expect(istio({ service: { type } }).ingress.ports).toEqual([15021, 80]);
        }
    });

    it("has what the config sets, in the chart's values", () => {
        const annotations = { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" };
        const balanced = {
            annotations,
            loadBalancerClass: "service.k8s.aws/nlb",
            loadBalancerSourceRanges: ["203.0.113.0/24", "2001:db8::/32"],
        };
        expect(serviceOf({ service: balanced })).toEqual({ ...balanced, ports: [HTTP] });
    });

    it("has its node port together with the other ports, because Helm replaces lists", () => {
        expect(serviceOf({ service: { type: "NodePort", nodePort: 30080 } })).toEqual({
            type: "NodePort",
            ports: [STATUS, { ...HTTP, nodePort: 30080 }],
        });
        expect(serviceOf({ service: { type: "NodePort", nodePort: 30443 }, tls: { secret: "a" } })).toEqual({
            type: "NodePort",
            ports: [STATUS, HTTP, { ...HTTPS, nodePort: 30443 }],
        });
    });

    it("keeps the reserved address of Google Cloud", () => {
        const settings = istio({ service: { annotations: { a: "b" } } });
        expect(gatewayValues(settings, "203.0.113.20").service).toEqual({
            loadBalancerIP: "203.0.113.20",
            annotations: { a: "b" },
            ports: [HTTP],
        });
    });

    it("is what it really is if Helm values override it", () => {
        expect(istio({}, { service: { type: "NodePort" } }).ingress).toMatchObject({
            type: "NodePort",
            external: false,
        });
        expect(istio({ service: { type: "ClusterIP" } }, { service: { type: "LoadBalancer" } }).ingress).toMatchObject({
            type: "LoadBalancer",
            external: true,
        });
        const values = { service: { type: "ClusterIP", externalIPs: ["203.0.113.5"] } };
        expect(istio({}, values).ingress.external).toBe(true);
        const ports = [{ name: "http2", port: 8080, targetPort: 80 }];
        expect(istio({}, { service: { ports } }).ingress).toMatchObject({ ports: [8080], port: 8080 });
    });

    it.each<[string, object, object, string]>([
        [
            "another type",
            { service: { type: "None" } },
            {},
            "there is no such choice; allowed: LoadBalancer, NodePort or",
        ],
        [
            "another type by Helm values",
            {},
            { service: { type: "loadbalancer" } },
            'istio.values.gateway.service.type = "loadbalancer": there is no such choice; allowed: LoadBalancer, NodePort',
        ],
        ...[null, "80", [80], { name: "http" }, { port: "80" }, { port: 8080.5 }, { port: 65_536 }].map(
            (entry): [string, object, object, string] => [
                `no port by Helm values: ${JSON.stringify(entry)}`,
                {},
                { service: { ports: [{ port: 80 }, entry] } },
                `istio.values.gateway.service.ports[1] = ${JSON.stringify(entry)}: it is not a port of a Service; ` +
                    "allowed: an object whose port is a whole number from 1 to 65535, such as {name: http2, port: 80}. " +
                    "Run: pulumi config rm --path 'istio.values.gateway.service.ports[1]'",
            ],
        ),
        ["no object", {}, { service: "NodePort" }, 'istio.values.gateway.service = "NodePort": it is not an object'],
        [
            "a class without a load balancer",
            { service: { type: "ClusterIP", loadBalancerClass: "a/b" } },
            {},
            'istio.gateway.service.loadBalancerClass = "a/b": it has no effect because istio.gateway.service.type is ' +
                "ClusterIP; allowed: name such as service.k8s.aws/nlb, with the type LoadBalancer. " +
                "Run: pulumi config set --path istio.gateway.service.type LoadBalancer, or remove it",
        ],
        [
            "ranges without a load balancer, by Helm values",
            { service: { loadBalancerSourceRanges: ["10.0.0.0/8"] } },
            { service: { type: "NodePort" } },
            'loadBalancerSourceRanges = ["10.0.0.0/8"]: it has no effect because istio.values.gateway.service.type is NodePort',
        ],
        [
            "a node port of a load balancer",
            { service: { nodePort: 30080 } },
            {},
            "istio.gateway.service.nodePort = 30080: it has no effect because istio.gateway.service.type is LoadBalancer; " +
                "allowed: whole number from 30000 to 32767, with the type NodePort. " +
                "Run: pulumi config set --path istio.gateway.service.type NodePort, or remove it",
        ],
        [
            "a node port out of the range",
            { service: { type: "NodePort", nodePort: 8080 } },
            {},
            "istio.gateway.service.nodePort = 8080: must be at least 30000; allowed: whole number from 30000 to 32767",
        ],
        [
            "a node port beside other ports",
            { service: { type: "NodePort", nodePort: 30080 } },
            { service: { ports: [{ port: 80 }] } },
            "it has no effect because istio.values.gateway.service.ports replaces all ports",
        ],
        ["no range", { service: { loadBalancerSourceRanges: ["10.0.0.0"] } }, {}, "it is not a range in CIDR notation"],
        [
            "no IPv6 range",
            { service: { loadBalancerSourceRanges: ["::/129"] } },
            {},
            "it is not a range in CIDR notation",
        ],
        ["no class", { service: { loadBalancerClass: "a b" } }, {}, "it is not a class of load balancers"],
        [
            "an annotation without quotes",
            { service: { annotations: { internal: true } } },
            {},
            "istio.gateway.service.annotations.internal = true: it is a boolean and not a string, in YAML it needs quotes",
        ],
        ["a wrong annotation", { service: { annotations: { "a b": "" } } }, {}, "it is not a key for an annotation"],
    ])("is refused with one error: %s", (_, gateway, values, message) => {
        const found = issues(gateway, values);
        expect(found).toHaveLength(1);
        expect(found[0]).toContain(message);
    });

    it("needs a load balancer for a reserved address of Google Cloud", () => {
        const config = (type: string) => ({
            cluster: JSON.stringify({ kind: "gke", ingress: { staticIp: true } }),
            istio: JSON.stringify({ gateway: { service: { type } } }),
        });
        const google = { project: "bookinfo-test" };
        expect(() => parseConfig(config("NodePort"), { google })).toThrow(
            "cluster.ingress.staticIp = true: nothing would use the address because the gateway's Service is of type NodePort; " +
                "allowed: false. Run: pulumi config set --path cluster.ingress.staticIp false",
        );
        expect(() => parseConfig(config("LoadBalancer"), { google })).not.toThrow();
    });
});

describe("A6: the address in front of the gateway", () => {
    it.each([
        ["localhost:8080", "localhost", 8080, "http://localhost:8080/p"],
        ["books.example.com", "books.example.com", 80, "http://books.example.com/p"],
        ["books.example.com:443", "books.example.com", 443, "https://books.example.com/p"],
        ["203.0.113.7:80", "203.0.113.7", 80, "http://203.0.113.7/p"],
        ["[2001:db8::1]:8080", "2001:db8::1", 8080, "http://[2001:db8::1]:8080/p"],
        ["[::1]", "::1", 80, "http://[::1]/p"],
    ])("%s is host and port", (text, host, port, url) => {
        expect(parseAddress(text)).toEqual({ host, port });
        expect(urlOf(host, "/p", port)).toBe(url);
        expect(istio({ address: text }).ingress).toMatchObject({ address: { host, port }, external: true });
    });

    it.each([
        ["http://books.example.com/productpage", 'it is a URL; write only "books.example.com"', "books.example.com"],
        ["https://books.example.com", 'it is a URL; write only "books.example.com:443"', "books.example.com:443"],
        ["http://localhost:8080", 'it is a URL; write only "localhost:8080"', "localhost:8080"],
        ["localhost:8080/productpage", 'it has a path; write only "localhost:8080"', "localhost:8080"],
        ["2001:db8::1", "an IPv6 address needs brackets", "'[2001:db8::1]'"],
        ["localhost:99999", "the port 99999 is not from 1 to 65535", "localhost"],
        ["localhost:0", "the port 0 is not from 1 to 65535", "localhost"],
    ])("%s is refused with what to write", (address, problem, instead) => {
        const found = issues({ address });
        expect(found).toEqual([
            `istio.gateway.address = ${JSON.stringify(address)}: ${problem}; ` +
                "allowed: host or host:port, with an IPv6 address in brackets. " +
                `Run: pulumi config set --path istio.gateway.address ${instead}`,
        ]);
    });

    it.each(["", "a b", "-a.example", "300.1.1.1", "1.2.3", "a..b", "[1.2.3.4]", "a:b", ":80", "me@host"])(
        "%j is refused",
        (address) => {
            expect(issues({ address })).toHaveLength(1);
        },
    );

    it("with a password is refused without showing it", () => {
        const [issue] = issues({ address: "https://me:secret@books.example.com/" });
        expect(issue).toContain('istio.gateway.address = "[secret]": it has a user or a password in it');
        expect(issue).not.toMatch(/:secret|secret@/);
    });
});

describe("A6: a Service's external address", () => {
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } };
    it.each([
        [{ status }, { host: "203.0.113.1", port: 80 }],
        [
            { spec: { type: "LoadBalancer", ports: [{ port: 15021 }, { port: 80 }] }, status },
            { host: "203.0.113.1", port: 80 },
        ],
        [
            { spec: { ports: [{ port: 8080, targetPort: 80 }] }, status },
            { host: "203.0.113.1", port: 8080 },
        ],
        [{ spec: { type: "ClusterIP", externalIPs: ["192.0.2.9"] } }, { host: "192.0.2.9", port: 80 }],
        [{ spec: { type: "NodePort" }, status }, undefined],
        [{ spec: { type: "LoadBalancer" }, status: { loadBalancer: {} } }, undefined],
        [{}, undefined],
    ])("is in %j", (service, expected) => {
        expect(endpointOf(service)).toEqual(expected);
    });

    it("leads to a port of the pods", () => {
        expect(podPort([{ port: 15021 }, { port: 80, targetPort: 8080 }])).toBe(8080);
        expect(podPort([{ port: 80, targetPort: "http" }])).toBe(80);
        expect(podPort(undefined)).toBe(80);
    });
});

describe("A6: the outputs", () => {
    const noAddress = once(() =>
        runProgram({ cluster: CLUSTER, istio: { ...NO_ADDONS, gateway: { service: { type: "ClusterIP" } } } }),
    );
    const behindProxy = once(() => {
        const gateway = { service: { type: "NodePort", nodePort: 30080 }, address: "localhost:8080" };
        return runProgram({ cluster: CLUSTER, istio: { ...NO_ADDONS, gateway } });
    });
    const onGke = once(() =>
        runProgram({ ...onGoogle(), istio: { ...NO_ADDONS, gateway: { service: { type: "NodePort" } } } }),
    );
    const values = (run: Run) => find(run, "kubernetes:helm.sh/v3:Release", "istio-gateway").inputs.values;

    it("have no address if there is none, but the command that opens the page", async () => {
        const { outputs } = await noAddress();
        expect(Object.keys(outputs).sort()).toEqual(["dashboards", "kubeconfig", "openCommand"]);
        expect(outputs.openCommand?.value).toBe("npx bookinfo dashboard bookinfo --stack test");
        expect(outputs.dashboards?.value).toEqual({
            bookinfo:
                `kubectl --kubeconfig ${CLUSTER.path} --context here --namespace istio-system ` +
                "port-forward service/istio-ingressgateway 8080:80",
        });
        expect(values(await noAddress())).toMatchObject({ service: { type: "ClusterIP" } });
    });

    it("have the address of what stands in front, also before there is a Service", async () => {
        const { outputs } = await behindProxy();
        expect(outputs).toMatchObject({
            ingressIp: { value: "localhost", known: true },
            productpageUrl: { value: "http://localhost:8080/productpage", known: true },
        });
        expect(Object.keys(outputs)).not.toContain("openCommand");
    });

    it("tell the same in the stack's README on Google Cloud", async () => {
        const { outputs } = await onGke();
        const readme = String(outputs.readme?.value);
        const named = [...readme.matchAll(/\$\{outputs\.(\w+)\}/g)].map(([, name]) => name ?? "");
        expect(named).toContain("openCommand");
        expect(Object.keys(outputs)).toEqual(expect.arrayContaining(named));
        expect(outputs.openCommand?.value).toBe(
            `npx bookinfo dashboard bookinfo --stack test --context gke_bookinfo-test_us-central1-a_${GOOGLE.clusterName}`,
        );
    });
});
