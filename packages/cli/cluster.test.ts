import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findContexts, kubeconfigFiles, locateContext } from "../kubernetes/kubeconfig";
import { chooseLeftovers, isLeftDefinition, servedKind } from "../leftovers/leftovers";
import type { KubernetesObject } from "../kubernetes/object";
import { readinessOf } from "../kubernetes/readiness";
import { sandboxObstacle } from "./sandbox";

function object(kind: string, name: string, rest: Record<string, unknown> = {}): KubernetesObject {
    return { apiVersion: "v1", kind, metadata: { name, namespace: "default", generation: 2 }, ...rest };
}

describe("readiness", () => {
    const status = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const deployment = (part: object) =>
        readinessOf(object("Deployment", "d", { spec: { replicas: 1 }, status: { ...status, ...part } }));

    it("of a Deployment is the readiness of its newest pods", () => {
        expect(deployment({})).toEqual({ ready: true });
        expect(deployment({ observedGeneration: 1 })).toMatchObject({
            why: "has not been looked at by its controller yet",
        });
        expect(deployment({ updatedReplicas: 0 })).toMatchObject({ why: "has 0 of 1 new pods" });
        expect(deployment({ replicas: 2 })).toMatchObject({ why: "still has 1 old pods" });
        expect(deployment({ availableReplicas: 0 })).toMatchObject({ why: "has 0 of 1 pods available" });
    });

    it("of a Deployment without a status is false", () => {
        expect(readinessOf(object("Deployment", "d"))).toMatchObject({ ready: false });
    });

    it("of a load balancer needs an address; other Services need nothing", () => {
        const spec = { type: "LoadBalancer" };
        const ingress = [{ ip: "203.0.113.7" }];
        expect(readinessOf(object("Service", "s", { spec }))).toMatchObject({ ready: false });
        expect(readinessOf(object("Service", "s", { spec, status: { loadBalancer: { ingress } } }))).toEqual({
            ready: true,
        });
        expect(readinessOf(object("Service", "s", { spec: { type: "ClusterIP" } }))).toEqual({ ready: true });
    });

    it("of a DaemonSet is the readiness on all its nodes", () => {
        const status = {
            observedGeneration: 2,
            desiredNumberScheduled: 2,
            updatedNumberScheduled: 2,
            numberAvailable: 1,
        };
        expect(readinessOf(object("DaemonSet", "d", { status }))).toMatchObject({ why: "has 1 of 2 pods available" });
    });
});

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

    it("are only the CRDs of our release", () => {
        expect(isLeftDefinition(gateways, "istio-base")).toBe(true);
        expect(isLeftDefinition(definition("gateways.networking.istio.io", "other"), "istio-base")).toBe(false);
        expect(isLeftDefinition(definition("gateways.networking.istio.io"), "istio-base")).toBe(false);
        expect(isLeftDefinition(definition("widgets.example.com", "istio-base"), "istio-base")).toBe(false);
    });

    it("are read in the stored version", () => {
        expect(servedKind(gateways)).toEqual(["networking.istio.io/v1alpha3", "Gateway"]);
    });

    it("are all removed if nobody uses them", () => {
        expect(chooseLeftovers(found, "kubectl")).toEqual({ remove: [gateways, ...configMaps] });
    });

    it("keep the CRDs that have objects, and say which, and what to do", () => {
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

describe("contexts", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"))));
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });
    const kubeconfig = (name: string, content: string) => {
        const file = path.join(folder, name);
        writeFileSync(file, content);
        return file;
    };
    const CLUSTER = "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {}}]\n";
    const CONTEXT = (name: string) => `contexts: [{name: ${name}, context: {cluster: c, user: u}}]\n`;

    it("come from all files, and the first one of a name counts", () => {
        const one = kubeconfig("one", CLUSTER + CONTEXT("a"));
        const two = kubeconfig("two", "contexts: [{name: a, context: {}}, {name: b, context: {}}]");
        expect(findContexts([one, two])).toEqual([
            { name: "a", file: one, complete: true },
            { name: "b", file: two, complete: false },
        ]);
    });

    it("are listed in the error if the context does not exist", () => {
        const file = kubeconfig("one", CLUSTER + CONTEXT("kind-demo"));
        expect(locateContext("kind-demo", [file])).toEqual({ kubeconfig: file, context: "kind-demo" });
        expect(() => locateContext("kind-dmeo", [file])).toThrow(/no context "kind-dmeo"[^]*Contexts found: kind-demo/);
        expect(() => locateContext("x", [])).toThrow(/no kubeconfig .* found/);
    });

    it("are refused if they are spread over files, with the command that merges them", () => {
        const file = kubeconfig("one", CONTEXT("a"));
        expect(() => locateContext("a", [file])).toThrow("kubectl config view --flatten --minify --context a");
    });

    it("are an error that names the file if the file is not YAML", () => {
        const file = kubeconfig("one", "a: [");
        expect(() => findContexts([file])).toThrow(`${file} is not valid YAML`);
        expect(findContexts([kubeconfig("empty", "")])).toEqual([]);
    });

    it("are refused without any content of the file", () => {
        const broken = kubeconfig("broken", "users:\n- name: a\n  user:\n    token: SECRET: oops\n");
        expect(() => findContexts([broken])).toThrow(/not valid YAML$/);
        for (const misshapen of ["contexts: SECRET\n", "contexts: [SECRET]\n", "users: [null]\n"]) {
            expect(() => findContexts([kubeconfig("misshapen", misshapen)])).toThrow(/must be lists of objects$/);
        }
    });

    it("are found in kubectl's places", () => {
        const file = kubeconfig("one", "");
        expect(kubeconfigFiles({ KUBECONFIG: `${file}${path.delimiter}${folder}/missing` })).toEqual([file]);
    });
});

describe("the sandbox", () => {
    it("needs Linux and root, and says so", () => {
        expect(sandboxObstacle("linux", 0)).toBeUndefined();
        expect(sandboxObstacle("linux", 1000)).toContain("needs root");
        expect(sandboxObstacle("darwin", 501)).toContain("macOS");
        expect(sandboxObstacle("win32", undefined)).toContain("win32");
    });
});
