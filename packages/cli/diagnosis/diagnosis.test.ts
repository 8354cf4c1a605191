import { freeOnNodes, requestedBy } from "./capacity";
import { diagnose } from "./diagnosis";
import { problemsOfService } from "./loadBalancers";
import { problemsOfPod } from "./pods";
import { remedyOf } from "./refusals";
import { problemsOfDeployment } from "./replicas";
import { type Problem, problemLines } from "./problem";
import { isOwnIn } from "../stack/namespaces";
import { watchProblems } from "./watch";
import type { KubernetesObject } from "../../kubernetes/object";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";

const isOwn = isOwnIn("default");

function object(kind: string, name: string, rest: Record<string, unknown> = {}): KubernetesObject {
    const apiVersion = kind === "Deployment" ? "apps/v1" : "v1";
    return { apiVersion, kind, metadata: { name, namespace: "istio-system" }, ...rest };
}

function waitingPod(image: string, reason: string, message = ""): KubernetesObject {
    return object("Pod", "p", {
        spec: { containers: [{ name: "main", image }] },
        status: {
            phase: "Pending",
            containerStatuses: [{ name: "main", ready: false, state: { waiting: { reason, message } } }],
        },
    });
}

function refusing(message: string): KubernetesObject {
    return object("Deployment", "istiod", {
        status: { conditions: [{ type: "ReplicaFailure", status: "True", message }] },
    });
}

const QUOTA = 'pods "istiod-1" is forbidden: exceeded quota: tiny, requested: pods=1, used: pods=0, limited: pods=0';

describe("a pod that does not run", () => {
    it("has the reason", () => {
        const conditions = [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }];
        expect(problemsOfPod(object("Pod", "p", { status: { conditions } }))).toEqual([
            { object: "Pod istio-system/p", why: "0/1 nodes are available" },
        ]);
        const containerStatuses = [
            { name: "a", ready: false, state: { terminated: { exitCode: 2 } } },
            { name: "b", ready: false, state: { running: {} } },
            { name: "c", ready: true, state: { running: {} } },
        ];
        expect(problemsOfPod(object("Pod", "p", { status: { phase: "Running", containerStatuses } }))[0]?.why).toBe(
            "a ended: exit code 2; b is not ready",
        );
    });

    it("is no problem if it is ready or has ended well", () => {
        expect(problemsOfPod(object("Pod", "p", { status: { phase: "Succeeded" } }))).toEqual([]);
        const conditions = [{ type: "Ready", status: "True" }];
        expect(problemsOfPod(object("Pod", "p", { status: { phase: "Running", conditions } }))).toEqual([]);
    });

    it.each([
        ["registry.example.com/istio/pilot:9.9", {}, "istio.hub, istio.tag"],
        ["docker.io/istio/proxyv2:9.9", {}, "istio.hub, istio.tag"],
        ["docker.io/istio/examples-bookinfo-details-v1:9", {}, "bookinfo.registry, bookinfo.tag"],
        ["docker.io/jaegertracing/jaeger:9", { app: "jaeger" }, "istio.tracing.image"],
        ["docker.io/prom/prometheus:9", { app: "prometheus" }, "istio.prometheus.image"],
        ["quay.io/kiali/kiali:9", { app: "kiali" }, "istio.kiali.version"],
        ["example.com/of-somebody:1", {}, "the pod's owner"],
    ])("waits for the image %s: the remedy names the keys that set it", (image, labels, keys) => {
        const pod = waitingPod(image, "ImagePullBackOff", "Back-off pulling image: i/o timeout");
        pod.metadata.labels = labels;
        const [problem] = problemsOfPod(pod);
        expect(problem).toMatchObject({ why: expect.stringContaining("i/o timeout") as string, final: false });
        expect(problem?.remedy).toContain(image);
        expect(problem?.remedy).toContain(`set by ${keys}`);
    });

    it("is final if the registry or the node will never have the image", () => {
        const final = (reason: string, message?: string) =>
            problemsOfPod(waitingPod("a/b:c", reason, message))[0]?.final;
        expect(final("ErrImagePull", 'failed to resolve reference "a/b:c": a/b:c: not found')).toBe(true);
        expect(final("ImagePullBackOff", "manifest unknown")).toBe(true);
        expect(final("ErrImageNeverPull")).toBe(true);
        expect(final("InvalidImageName")).toBe(true);
        expect(final("ErrImagePull", "dial tcp: i/o timeout")).toBe(false);
        expect(final("CrashLoopBackOff", "not found")).toBeUndefined();
    });
});

describe("the problem of refused pods", () => {
    it("is final, and names the quota and how to look at it", () => {
        expect(problemsOfDeployment(refusing(QUOTA))).toEqual([
            {
                object: "Deployment istio-system/istiod",
                why: QUOTA,
                remedy: expect.stringMatching(/ResourceQuota tiny .*kubectl get resourcequota -A/) as string,
                final: true,
            },
        ]);
    });

    it("is not final while a webhook's server is down, because it may come back", () => {
        const [problem] = problemsOfDeployment(
            refusing('Internal error occurred: failed calling webhook "x.example.com": connection refused'),
        );
        expect(problem).toMatchObject({ final: false, remedy: expect.stringContaining("x.example.com") as string });
    });

    it("does not exist without the condition, or after it", () => {
        expect(problemsOfDeployment(object("Deployment", "istiod"))).toEqual([]);
        const conditions = [{ type: "ReplicaFailure", status: "False", message: QUOTA }];
        expect(problemsOfDeployment(object("Deployment", "istiod", { status: { conditions } }))).toEqual([]);
    });
});

describe("a load balancer without an address", () => {
    it("asks for load balancers, and names providers of addresses", () => {
        const spec = { type: "LoadBalancer", loadBalancerClass: "example.com/x", loadBalancerIP: "203.0.113.1" };
        const service = object("Service", "s", { spec });
        expect(problemsOfService(service)).toMatchObject([
            {
                why: "has no external address; does the cluster have load balancers of class example.com/x that can have the address 203.0.113.1?",
                remedy: expect.stringMatching(/MetalLB.*istio\.timeout/s) as string,
            },
        ]);
        service.spec = { type: "LoadBalancer" };
        expect(problemsOfService(service)[0]?.why).toBe(
            "has no external address; does the cluster have load balancers?",
        );
        service.status = { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } };
        expect(problemsOfService(service)).toEqual([]);
        expect(problemsOfService(object("Service", "s", { spec: { type: "ClusterIP" } }))).toEqual([]);
    });
});

describe("a pod that fits on no node", () => {
    const requests = (cpu: string, memory: string) => ({ containers: [{ resources: { requests: { cpu, memory } } }] });
    const node = object("Node", "one", { status: { allocatable: { cpu: "2", memory: "4096Mi" } } });
    const running = object("Pod", "running", { spec: { ...requests("500m", "1Gi"), nodeName: "one" } });
    const over = object("Pod", "over", {
        spec: { ...requests("1", "1Gi"), nodeName: "one" },
        status: { phase: "Succeeded" },
    });
    const pending = object("Pod", "istiod-1", {
        spec: { containers: [...requests("400", "1Gi").containers, ...requests("100", "0").containers, {}] },
        status: {
            phase: "Pending",
            conditions: [
                { type: "PodScheduled", status: "False", message: "0/1 nodes available: 1 Insufficient cpu." },
            ],
        },
    });

    it("is reported with what it requests and what is left", async () => {
        expect(requestedBy(pending)).toEqual({ cpu: 500, memory: 2 ** 30 });
        expect(freeOnNodes([node], [running, over, pending])).toEqual(
            new Map([["one", { cpu: 1.5, memory: 3 * 2 ** 30 }]]),
        );
        const cluster = new FakeCluster();
        cluster.objects = [node, running, over, pending];
        const problem = (await diagnose(cluster.api, isOwn)).find(({ object }) => object.includes("istiod-1"));
        expect(problem?.remedy).toBe(
            "Pod istio-system/istiod-1 requests 500 CPU and 1024 MiB; one has 1.5 CPU and 3072 MiB left. Add a node or a " +
                "bigger one, or request less: istio.istiod.resources, istio.gateway.resources and istio.proxy.resources.",
        );
    });

    it("is reported without the nodes' figures to a user who may not list nodes", async () => {
        const cluster = new FakeCluster();
        cluster.objects = [pending];
        const { api } = cluster;
        const list = api.list.bind(api);
        api.list = (apiVersion, kind, query) =>
            kind === "Node" ? Promise.reject(new Error("forbidden")) : list(apiVersion, kind, query);
        expect((await diagnose(api, isOwn))[0]?.remedy).toContain("requests 500 CPU and 1024 MiB. Add a node");
    });
});

describe("a diagnosis", () => {
    it("is about the deployment, and not about other objects in the application's namespace", async () => {
        const cluster = new FakeCluster();
        const refusingIn = (namespace: string, name: string, labels?: Record<string, string>) => {
            const refused = refusing(QUOTA);
            return { ...refused, metadata: { name, namespace, labels } };
        };
        cluster.objects = [
            refusingIn("istio-system", "istiod"),
            refusingIn("istio-system", "of-others", { app: "their-gateway" }),
            refusingIn("default", "reviews-v1", { app: "reviews" }),
            refusingIn("default", "somebody-elses", { app: "other" }),
            refusingIn("elsewhere", "reviews-v1", { app: "reviews" }),
        ];
        expect((await diagnose(cluster.api, isOwn)).map(({ object }) => object)).toEqual([
            "Deployment istio-system/istiod",
            "Deployment default/reviews-v1",
        ]);
    });

    it("shows a remedy once if neighbours have the same", () => {
        const problem = (name: string, remedy?: string): Problem => ({ object: name, why: "no", remedy });
        expect(problemLines([problem("a", "x"), problem("b", "x"), problem("c", "y"), problem("d")])).toEqual([
            "  a: no",
            "  b: no",
            "    x",
            "  c: no",
            "    y",
            "  d: no",
        ]);
    });
});

describe("a refusal", () => {
    it.each([
        [QUOTA, "ResourceQuota tiny"],
        [
            'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: main; limits.memory for: main',
            "LimitRange",
        ],
        ['pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2', "LimitRange"],
        [
            'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation',
            "restricted:latest",
        ],
        [
            "deployments.apps \"d\" is forbidden: ValidatingAdmissionPolicy 'no' with binding 'no-here' denied request: no",
            "kubectl get validatingadmissionpolicy no, validatingadmissionpolicybinding no-here",
        ],
        ['admission webhook "deny.example.com" denied the request: no', "webhook deny.example.com"],
        ['Internal error occurred: failed calling webhook "x.example.com": timeout', "x.example.com does not answer"],
        [
            'services "s" is forbidden: unable to create new content in namespace a because it is being terminated',
            "until the namespace a is gone",
        ],
        ['clusterroles is forbidden: User "u" cannot create resource', "cluster-admin"],
        ["user is attempting to grant RBAC permissions not currently held", "cluster-admin"],
        [
            'CRD "x" exists and cannot be imported into the current release: invalid ownership metadata',
            "with the tool that created it",
        ],
        [
            "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
            "renew",
        ],
        [
            'looks like "http://a" is not a valid chart repository or cannot be reached: connection refused',
            "istio.chartRepository",
        ],
        ['chart "base" version "1.31.9" not found in https://a repository', "istio.chartRepository"],
        ['failed to do request: Head "https://a/v2/base/manifests/1.31.1": EOF', "istio.chartRepository"],
    ])("%s has a remedy", (words, remedy) => {
        expect(remedyOf(`helm upgrade x: ${words}`)).toContain(remedy);
    });

    it("in unknown words has no remedy", () => {
        expect(remedyOf("something else")).toBeUndefined();
        const image =
            'failed to pull and unpack image "docker.io/a:b": failed to resolve image: failed to do request: EOF';
        expect(remedyOf(image)).toBeUndefined();
    });
});

describe("the watch for problems", () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    const watch = (...looks: KubernetesObject[][]) => {
        const cluster = new FakeCluster();
        const told: string[] = [];
        const end = watchProblems(cluster.api, isOwn, {
            onProblem: ({ object: name }) => told.push(name),
            onLasting: () => told.push("lasting"),
        });
        return (async () => {
            for (const objects of looks) {
                cluster.objects = objects;
                await jest.advanceTimersByTimeAsync(10_000);
            }
            end();
            return told;
        })();
    };
    const service = object("Service", "s", { spec: { type: "LoadBalancer" } });

    it("reports a problem once, when two diagnoses in a row find it", async () => {
        expect(await watch([service])).toEqual([]);
        expect(await watch([service], [], [service])).toEqual([]);
        expect(await watch([service], [service], [], [service], [service])).toEqual(["Service istio-system/s"]);
    });

    it("reports a final problem as lasting at the third diagnosis, and no other", async () => {
        const refused = refusing(QUOTA);
        expect(await watch([refused], [refused])).toEqual(["Deployment istio-system/istiod"]);
        expect(await watch([refused], [refused], [refused])).toEqual(["Deployment istio-system/istiod", "lasting"]);
        expect(await watch([refused], [refused], [], [refused])).not.toContain("lasting");
        expect(await watch([service], [service], [service], [service])).not.toContain("lasting");
    });
});
