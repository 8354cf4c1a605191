/**
 * The mesh and Bookinfo as a plain program declares them: the steps in `steps.json`, one stage after the other as in a
 * script. It waits for everything, and takes the releases' values from that file.
 */
import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterAddress } from "../../kubernetes/address";
import type { KubernetesObject } from "../../kubernetes/object";
import type { Step } from "../../cli/render/step";

const { steps, values, cluster } = JSON.parse(readFileSync("steps.json", "utf8")) as {
    steps: Step[];
    values: Record<string, object>;
    cluster: ClusterAddress;
};
const provider = new k8s.Provider("cluster", {
    kubeconfig: readFileSync(cluster.kubeconfig, "utf8"),
    context: cluster.context,
});

/** The classes by kind. Objects of all other kinds are custom resources. */
const TYPES: Record<string, new (name: string, args: never, opts: pulumi.CustomResourceOptions) => pulumi.Resource> = {
    Namespace: k8s.core.v1.Namespace,
    Service: k8s.core.v1.Service,
    ServiceAccount: k8s.core.v1.ServiceAccount,
    Deployment: k8s.apps.v1.Deployment,
};

/** The resources for which the next stage waits. */
let before: pulumi.Resource[] = [];

function declare(object: KubernetesObject): pulumi.Resource {
    const { apiVersion, kind, metadata } = object;
    const name = `${kind}-${metadata.name}`.toLowerCase();
    const opts = { provider, dependsOn: before };
    const Type = TYPES[kind];
    return Type
        ? new Type(name, object as never, opts)
        : new k8s.apiextensions.CustomResource(name, { ...object, apiVersion, kind, metadata }, opts);
}

const objects = steps.flatMap((step) => (step.type === "object" ? [step.object] : []));
before = objects.filter(({ kind }) => kind === "Namespace").map(declare);
for (const step of steps) {
    if (step.type === "release") {
        const { name, namespace, chart, timeout } = step.release;
        const args = { name, namespace, chart, timeout, values: values[name] ?? step.release.values };
        before = [new k8s.helm.v3.Release(name, args, { provider, dependsOn: before })];
    }
}
for (const step of steps) {
    if (step.type === "patch") {
        const { metadata } = step.object;
        before = [new k8s.core.v1.NamespacePatch("injection", { metadata }, { provider, dependsOn: before })];
    }
}
objects.filter(({ kind }) => kind !== "Namespace").forEach(declare);
