import type { KubernetesObject } from "../kubernetes/object";
import { chooseLeftovers, isLeftDefinition, servedKind } from "./leftovers";

function object(kind: string, name: string, rest: Record<string, unknown> = {}): KubernetesObject {
    return { apiVersion: "v1", kind, metadata: { name, namespace: "default", generation: 2 }, ...rest };
}

describe("Istio's leftovers", () => {
    const definition = (name: string, release?: string): KubernetesObject => ({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name, annotations: release ? { "meta.helm.sh/release-name": release } : undefined },
        spec: {
            group: "networking.istio.io",
            names: { kind: "Gateway" },
            versions: [
                { name: "v1", served: true, storage: false },
                { name: "v1alpha3", served: true, storage: true },
            ],
        },
    });
    const gateways = definition("gateways.networking.istio.io", "istio-base");
    const configMaps = [object("ConfigMap", "istio-ca-root-cert")];
    const found = { definitions: [gateways], configMaps, inUse: [], controlPlanes: [] };

    it("include only the CRDs of our release", () => {
        expect(isLeftDefinition(gateways, "istio-base")).toBe(true);
        expect(isLeftDefinition(definition("gateways.networking.istio.io", "other"), "istio-base")).toBe(false);
        expect(isLeftDefinition(definition("gateways.networking.istio.io"), "istio-base")).toBe(false);
        expect(isLeftDefinition(definition("widgets.example.com", "istio-base"), "istio-base")).toBe(false);
    });

    it("are listed in the version in which they are stored", () => {
        expect(servedKind(gateways)).toEqual(["networking.istio.io/v1alpha3", "Gateway"]);
    });

    it("are all removed if nothing uses them", () => {
        expect(chooseLeftovers(found, "kubectl")).toEqual({ remove: [gateways, ...configMaps] });
    });

    it("keep CRDs that have objects, and say which objects and what to do", () => {
        const { remove, notice } = chooseLeftovers(
            { ...found, inUse: [object("Gateway", "mine")] },
            "kubectl --context mine",
        );
        expect(remove).toEqual(configMaps);
        expect(notice).toContain("Gateway default/mine");
        expect(notice).toContain("kubectl --context mine delete crd gateways.networking.istio.io");
    });

    it("stay while another control plane runs", () => {
        const { remove, notice } = chooseLeftovers(
            { ...found, controlPlanes: [object("Deployment", "istiod")] },
            "kubectl",
        );
        expect(remove).toEqual([]);
        expect(notice).toContain("Deployment default/istiod");
    });
});
