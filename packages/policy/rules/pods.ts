import { at, items, leaves, requireThat, type Rule, UNKNOWN } from "../rule";
import { containers, podTemplate } from "./podSpec";
import { chartOf } from "./release";

export const resources: Rule = {
    name: "requests-and-limits",
    description:
        "Every container has requests and a memory limit. (A CPU limit is not required, because it slows a container down " +
        "even on an idle node.)",
    level: "advisory",
    violations: (resource) =>
        containers(resource).flatMap(({ name, spec }) =>
            ["requests.cpu", "requests.memory", "limits.memory"]
                .filter((path) => at(spec, `resources.${path}`) === undefined)
                .map((path) => `Set resources.${path} of ${name}.`),
        ),
};

/** Settings by which a pod shares the node's own namespaces. */
const NODE_NAMESPACES = ["hostNetwork", "hostPID", "hostIPC"];

/** Istio's charts that set up the network of other pods from each node. They need privileges for that. */
const NODE_CHARTS = ["cni", "ztunnel"];

const HARMLESS_CAPABILITIES: unknown[] = ["NET_BIND_SERVICE", UNKNOWN];

export const privileged: Rule = {
    name: "no-privileged-containers",
    description: "No container is as powerful as its node, except where Istio needs it (its charts cni and ztunnel).",
    level: "mandatory",
    violations: (resource) => {
        const template = podTemplate(resource);
        const chart = chartOf(resource);
        return [
            ...containers(resource).flatMap(({ name, spec }) => {
                const capabilities = items(spec, "securityContext.capabilities.add");
                const added = capabilities.filter((capability) => !HARMLESS_CAPABILITIES.includes(capability));
                return [
                    ...["privileged", "allowPrivilegeEscalation"]
                        .filter((key) => at(spec, `securityContext.${key}`) === true)
                        .map((key) => `Take securityContext.${key}: true out of ${name}.`),
                    ...(added.length > 0 ? [`Take the capabilities ${added.join(", ")} out of ${name}.`] : []),
                ];
            }),
            ...NODE_NAMESPACES.filter((key) => at(template, `spec.${key}`) === true).map(
                (key) => `Take ${key}: true out of the pod's spec.`,
            ),
            ...items(template, "spec.volumes")
                .filter((volume) => at(volume, "hostPath") !== undefined)
                .map(
                    (volume) =>
                        `Replace the hostPath of volume ${String(at(volume, "name"))}: it is a folder of the node.`,
                ),
            ...(chart && !NODE_CHARTS.includes(chart.name) ? leaves(chart.values) : [])
                .filter(({ path, value }) => path.at(-1) === "privileged" && value === true)
                .map(({ path }) => `Take values.${path.join(".")}: true out.`),
        ];
    },
};

export const podLabels: Rule = {
    name: "pod-labels",
    description: "Pods have the label `app`, by which Istio's metrics, Kiali and the dashboards distinguish workloads.",
    level: "advisory",
    violations: (resource) => {
        const template = podTemplate(resource);
        const isLabelled = template === undefined || at(template, "metadata.labels.app") !== undefined;
        return requireThat(isLabelled, "Set the label `app` on the pods.");
    },
};
