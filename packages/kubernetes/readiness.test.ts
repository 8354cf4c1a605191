import type { KubernetesObject } from "./object";
import { whyNotReady } from "./readiness";

function object(kind: string, name: string, rest: Record<string, unknown> = {}): KubernetesObject {
    return { apiVersion: "v1", kind, metadata: { name, namespace: "default", generation: 2 }, ...rest };
}

describe("readiness", () => {
    const status = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const deployment = (part: object) =>
        whyNotReady(object("Deployment", "d", { spec: { replicas: 1 }, status: { ...status, ...part } }));

    it("of a Deployment is that of its newest pods", () => {
        expect(deployment({})).toBeUndefined();
        expect(deployment({ observedGeneration: 1 })).toBe("has not been processed by its controller yet");
        expect(deployment({ updatedReplicas: 0 })).toBe("has 0 of 1 new pods");
        expect(deployment({ replicas: 2 })).toBe("still has 1 old pods");
        expect(deployment({ availableReplicas: 0 })).toBe("has 0 of 1 pods available");
    });

    it("of a Deployment without a status is not reached", () => {
        expect(whyNotReady(object("Deployment", "d"))).toBe("has not been processed by its controller yet");
    });

    it("of a load balancer is its address; other Services need no address", () => {
        const spec = { type: "LoadBalancer" };
        const ingress = [{ ip: "203.0.113.7" }];
        expect(whyNotReady(object("Service", "s", { spec }))).toBe("has no external address yet");
        expect(whyNotReady(object("Service", "s", { spec, status: { loadBalancer: { ingress } } }))).toBeUndefined();
        expect(whyNotReady(object("Service", "s", { spec: { type: "ClusterIP" } }))).toBeUndefined();
    });

    it("of a DaemonSet depends on the nodes it is meant for", () => {
        const status = {
            observedGeneration: 2,
            desiredNumberScheduled: 2,
            updatedNumberScheduled: 2,
            numberAvailable: 1,
        };
        expect(whyNotReady(object("DaemonSet", "d", { status }))).toBe("has 1 of 2 pods available");
    });
});
