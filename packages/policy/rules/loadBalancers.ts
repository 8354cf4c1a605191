import { at, leaves, type Rule, UNKNOWN } from "../rule";
import { chartOf } from "./release";

/** Names of the key for a Service's type in charts. */
const TYPE_KEYS = ["type", "servicetype", "service_type"];

const REMEDY =
    "Make it ClusterIP. Give access by a Gateway and a VirtualService on the ingress gateway, or by kubectl port-forward";

export const loadBalancers: Rule = {
    name: "load-balancers",
    description: "Only the ingress gateway is reachable from outside.",
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
            return ["Replace the Ingress, which gets its own address, by a Gateway and a VirtualService."];
        }
        if (type === "kubernetes:core/v1:Service") {
            return at(inputs, "spec.type") === "LoadBalancer" && !isGateway(at(inputs, "metadata.name"))
                ? [`The Service has a load balancer. ${REMEDY}.`]
                : [];
        }
        const chart = chartOf(resource);
        if (!chart || isGateway(chart.release)) {
            return [];
        }
        // By default, Istio's chart creates a load balancer.
        const byDefault =
            chart.name === "gateway" && at(chart.values, "service.type") === undefined && chart.values !== UNKNOWN
                ? [`The chart gateway creates a load balancer. ${REMEDY} (values.service.type).`]
                : [];
        const byValues = leaves(chart.values)
            .filter(
                ({ path, value }) => value === "LoadBalancer" && TYPE_KEYS.includes(String(path.at(-1)).toLowerCase()),
            )
            .map(({ path }) => `The release has a load balancer. ${REMEDY} (values.${path.join(".")}).`);
        return [...byDefault, ...byValues];
    },
};
