import { deploymentSpec } from "../../components/bookinfo/deployment";
import { gatewaySpec, virtualServiceSpec } from "../../components/bookinfo/gateway";
import { BOOKINFO_SERVICES, type BookinfoService } from "../../components/bookinfo/services";
import { bytes, cores } from "../../components/quantity";

const IMAGES = { registry: "registry.example/istio", tag: "1.20.3", imagePullPolicy: "IfNotPresent" } as const;

function service(name: string): BookinfoService {
    const found = BOOKINFO_SERVICES.find((service) => service.name === name);
    if (!found) {
        throw new Error(`no service ${name}`);
    }
    return found;
}

const workloads = BOOKINFO_SERVICES.flatMap((service) =>
    service.versions.map((version) => ({ service, version, name: `${service.name}-${version}` })),
);

/** The parts of a Deployment that differ between services. */
function podOf(name: string) {
    const workload = workloads.find((workload) => workload.name === name);
    if (!workload) {
        throw new Error(`no workload ${name}`);
    }
    const { template } = deploymentSpec(workload.service, workload.version, IMAGES, "an-account") as unknown as {
        template: { metadata: unknown; spec: { containers: Record<string, unknown>[]; volumes: unknown } };
    };
    return { metadata: template.metadata, volumes: template.spec.volumes, container: template.spec.containers[0] };
}

test("Bookinfo is the six workloads of Istio's sample", () => {
    expect(workloads.map(({ name }) => name).sort()).toEqual([
        "details-v1",
        "productpage-v1",
        "ratings-v1",
        "reviews-v1",
        "reviews-v2",
        "reviews-v3",
    ]);
});

describe.each(workloads)("the Deployment of $name", ({ service, version, name }) => {
    const spec = deploymentSpec(service, version, IMAGES, "an-account");

    it("runs upstream's image, with probes and security settings", () => {
        expect(spec).toMatchObject({
            replicas: 1,
            selector: { matchLabels: { app: service.name, version } },
            template: {
                metadata: { labels: { app: service.name, version } },
                spec: {
                    serviceAccountName: "an-account",
                    automountServiceAccountToken: false,
                    enableServiceLinks: false,
                    terminationGracePeriodSeconds: 12,
                    containers: [
                        {
                            name: service.name,
                            image: `registry.example/istio/examples-bookinfo-${name}:1.20.3`,
                            imagePullPolicy: "IfNotPresent",
                            ports: [{ name: "http", containerPort: 9080 }],
                            securityContext: {
                                runAsNonRoot: true,
                                runAsUser: service.name === "reviews" ? 1001 : 1000,
                                allowPrivilegeEscalation: false,
                                capabilities: { drop: ["ALL"] },
                                seccompProfile: { type: "RuntimeDefault" },
                            },
                            startupProbe: { httpGet: { path: "/health", port: "http" } },
                            readinessProbe: { httpGet: { path: "/health", port: "http" } },
                            livenessProbe: { httpGet: { path: "/health", port: "http" } },
                            lifecycle: { preStop: { sleep: { seconds: 3 } } },
                        },
                    ],
                },
            },
        });
    });

    it("requests no more than its limits, and has a memory limit", () => {
        expect(bytes(service.memoryLimit)).toBeGreaterThanOrEqual(bytes(service.requests.memory));
        expect(cores(service.requests.cpu)).toBeGreaterThan(0);
        expect(podOf(name).container?.resources).toEqual({
            requests: service.requests,
            limits: { memory: service.memoryLimit },
        });
    });

    it("has no security context of the pod, because injection's init container is root", () => {
        expect(Object.keys((spec.template as { spec: object }).spec)).not.toContain("securityContext");
    });
});

test.each(["reviews-v1", "reviews-v2", "reviews-v3"])("%s writes logs and files to scratch volumes", (name) => {
    const { container, volumes } = podOf(name);
    expect(container?.env).toEqual([{ name: "LOG_DIR", value: "/tmp/logs" }]);
    expect(container?.volumeMounts).toEqual([
        { name: "tmp", mountPath: "/tmp" },
        { name: "wlp-output", mountPath: "/opt/ibm/wlp/output" },
    ]);
    expect(volumes).toEqual([
        { name: "tmp", emptyDir: {} },
        { name: "wlp-output", emptyDir: {} },
    ]);
});

test("productpage has a scratch volume and is scraped", () => {
    const { container, metadata, volumes } = podOf("productpage-v1");
    expect(metadata).toMatchObject({
        annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "9080", "prometheus.io/path": "/metrics" },
    });
    expect(container?.volumeMounts).toEqual([{ name: "tmp", mountPath: "/tmp" }]);
    expect(volumes).toEqual([{ name: "tmp", emptyDir: {} }]);
});

test("the Gateway opens the port of the chart's Service, for any host", () => {
    expect(gatewaySpec({ istio: "ingressgateway" })).toEqual({
        selector: { istio: "ingressgateway" },
        // Chart gateway 1.31, values.yaml: service.ports has port 80, targetPort 80.
        servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }],
    });
});

test("the VirtualService sends the paths of the sample to productpage", () => {
    const spec = virtualServiceSpec("a-gateway");
    expect(spec).toEqual({
        hosts: ["*"],
        gateways: ["a-gateway"],
        http: [
            {
                match: expect.arrayContaining([
                    { uri: { exact: "/productpage" } },
                    { uri: { exact: "/login" } },
                    { uri: { exact: "/logout" } },
                    { uri: { prefix: "/static" } },
                    { uri: { prefix: "/api/v1/products" } },
                ]) as unknown,
                route: [{ destination: { host: service("productpage").name, port: { number: 9080 } } }],
            },
        ],
    });
    expect(spec.http[0]?.match).toHaveLength(5);
});
