import { at, type Declared, items, type StackRule, UNKNOWN } from "../rule";
import { podTemplate } from "./podSpec";

const NAMESPACE = /^kubernetes:core\/v1:Namespace(?:Patch)?$/;
const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/**
 * Only pods without a sidecar need a NetworkPolicy: mutual TLS does not protect them. Pods with one, such as Bookinfo's, accept
 * only callers of the mesh, and `bookinfo.access` says which. Pods of a chart are not seen here.
 */
export const networkPolicies: StackRule = {
    name: "network-policies",
    description:
        "A NetworkPolicy says who may call pods without a sidecar. (Pods with one, such as Bookinfo's, have mutual TLS and `bookinfo.access`.)",
    level: "mandatory",
    violations: (resources) =>
        resources
            .filter((resource) => podTemplate(resource) !== undefined && !hasSidecar(resource, resources))
            .filter((workload) => !resources.some((policy) => selects(policy, workload)))
            .map((of) => ({
                of,
                message:
                    "Give the pods a NetworkPolicy with their callers, because no sidecar asks these for a certificate.",
            })),
};

/** Whether istiod injects a sidecar: by the pod's own label, or by a label of its namespace that the stack sets. */
function hasSidecar(workload: Declared, resources: readonly Declared[]): boolean {
    const own = at(podTemplate(workload), "metadata.labels");
    const inject = record(own)["sidecar.istio.io/inject"] as string | boolean | undefined;
    const isInjected = ({ type, inputs }: Declared) => {
        const labels = record(at(inputs, "metadata.labels"));
        return (
            NAMESPACE.test(type) &&
            maybeSame(at(inputs, "metadata.name"), namespaceOf(workload)) &&
            (labels["istio-injection"] === "enabled" || labels["istio.io/rev"] !== undefined)
        );
    };
    return own === UNKNOWN || (inject === undefined ? resources.some(isInjected) : String(inject) === "true");
}

/** Whether a resource is a NetworkPolicy of a workload's pods. What a preview does not know yet may select them. */
function selects({ type, inputs }: Declared, workload: Declared): boolean {
    const labels = record(at(podTemplate(workload), "metadata.labels"));
    const wanted = record(at(inputs, "spec.podSelector.matchLabels"));
    return (
        type === POLICY &&
        maybeSame(namespaceOf({ inputs }), namespaceOf(workload)) &&
        Object.entries(wanted).every(([key, value]) => maybeSame(value, labels[key])) &&
        items(inputs, "spec.podSelector.matchExpressions").every((expression) => {
            const label = labels[String(at(expression, "key"))];
            const values = items(expression, "values");
            switch (at(expression, "operator")) {
                case "In":
                    return values.includes(label);
                case "NotIn":
                    return !values.includes(label);
                case "Exists":
                    return label !== undefined;
                default:
                    return label === undefined;
            }
        })
    );
}

function namespaceOf({ inputs }: Pick<Declared, "inputs">): unknown {
    return at(inputs, "metadata.namespace") ?? "default";
}

function maybeSame(one: unknown, other: unknown): boolean {
    return one === UNKNOWN || other === UNKNOWN || one === other;
}

function record(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
