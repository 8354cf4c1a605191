import type { KubernetesObject } from "./object";
import { readinessOf } from "./readiness";

function object(kind: string, name: string, rest: Record<string, unknown> = {}): KubernetesObject {
    return { apiVersion: "v1", kind, metadata: { name, namespace: "default", generation: 2 }, ...rest };
}

describe("readiness", () => {
    const status = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const deployment = (part: object) =>
        readinessOf(object("Deployment", "d", { spec: { replicas: 1 }, status: { ...status, ...part } }));

    it("of a Deployment is that of its newest pods", () => {
        expect(deployment({})).toEqual({ ready: true });
        expect(deployment({ observedGeneration: 1 })).toMatchObject({
            why: "has not been looked at by its controller yet",
        });
        expect(deployment({ updatedReplicas: 0 })).toMatchObject({ why: "has 0 of 1 new pods" });
        expect(deployment({ replicas: 2 })).toMatchObject({ why: "still has 1 old pods" });
        expect(deployment({ availableReplicas: 0 })).toMatchObject({ why: "has 0 of 1 pods available" });
    });

    it("of a Deployment without a status is not reached", () => {
        expect(readinessOf(object("Deployment", "d"))).toMatchObject({ ready: false });
    });

    it("of a load balancer is its address; other Services need no address", () => {
        const spec = { type: "LoadBalancer" };
        const ingress = [{ ip: "203.0.113.7" }];
        expect(readinessOf(object("Service", "s", { spec }))).toMatchObject({ ready: false });
        expect(readinessOf(object("Service", "s", { spec, status: { loadBalancer: { ingress } } }))).toEqual({
            ready: true,
        });
        expect(readinessOf(object("Service", "s", { spec: { type: "ClusterIP" } }))).toEqual({ ready: true });
    });

    it("of a DaemonSet depends on the nodes it is meant for", () => {
        const status = {
            observedGeneration: 2,
            desiredNumberScheduled: 2,
            updatedNumberScheduled: 2,
            numberAvailable: 1,
        };
        expect(readinessOf(object("DaemonSet", "d", { status }))).toMatchObject({ why: "has 1 of 2 pods available" });
    });
});
