import { at, leaves, type Rule, UNKNOWN } from "../rule";
import { chartOf } from "./release";

/** What charts call the type of a Service. */
const TYPE_KEYS = ["type", "servicetype", "service_type"];

const WAY_IN =
    "Make it ClusterIP and let people in by a Gateway and a VirtualService on the ingress gateway, or by kubectl port-forward";

export const loadBalancers: Rule = {
    name: "load-balancers",
    description: "Nothing is reached from outside but through the ingress gateway.",
    level: "mandatory",
    settings: {
        gateways: {
            description: "Names of the Services and releases that may have a load balancer.",
            default: ["istio-ingressgateway"],
        },
    },
    violations: (resource, { gateways = [] }) => {
        const { type, inputs } = resource;
        const isGateway = (name: unknown) => name === UNKNOWN || gateways.includes(name as string);
        if (type === "kubernetes:networking.k8s.io/v1:Ingress") {
            return [
                "Replace the Ingress by a Gateway and a VirtualService on the ingress gateway: it gets an address of its own.",
            ];
        }
        if (type === "kubernetes:core/v1:Service") {
            return at(inputs, "spec.type") === "LoadBalancer" && !isGateway(at(inputs, "metadata.name"))
                ? [`The Service has a load balancer. ${WAY_IN}.`]
                : [];
        }
        const chart = chartOf(resource);
        if (!chart || isGateway(chart.release)) {
            return [];
        }
        // Istio's chart makes a load balancer unless it is told otherwise.
        const byDefault =
            chart.name === "gateway" && at(chart.values, "service.type") === undefined && chart.values !== UNKNOWN
                ? [`The chart gateway makes a load balancer. ${WAY_IN} (values.service.type).`]
                : [];
        const byValues = leaves(chart.values)
            .filter(({ path, value }) => value === "LoadBalancer" && isTypeKey(path.at(-1)))
            .map(({ path }) => `The release has a load balancer. ${WAY_IN} (values.${path.join(".")}).`);
        return [...byDefault, ...byValues];
    },
};

function isTypeKey(key: string | undefined): boolean {
    return TYPE_KEYS.includes(key?.toLowerCase() ?? "");
}
