import { at, type Declared, items, leaves, type Rule, UNKNOWN } from "../rule";
import { chartOf } from "./release";

const REMEDY = "Give access by a Gateway and a VirtualService on the ingress gateway, or by kubectl port-forward";

export const nodePorts: Rule = {
    name: "no-node-ports",
    description: "No Service opens a port on every node, because firewalls and load balancers do not see it.",
    level: "mandatory",
    settings: {
        services: { description: "Names of the Services and releases that may be of the type NodePort.", default: [] },
    },
    violations: (resource, { services = [] }) => {
        const chart = chartOf(resource);
        const name = chart?.release ?? at(resource.inputs, "metadata.name");
        if (name === UNKNOWN || services.includes(name as string)) {
            return [];
        }
        return isService(resource)
            ? at(resource.inputs, "spec.type") === "NodePort"
                ? [`Make the Service ClusterIP. ${REMEDY}.`]
                : []
            : leaves(chart?.values)
                  .filter(({ value }) => value === "NodePort")
                  .map(({ path }) => `Set values.${path.join(".")} to ClusterIP. ${REMEDY}.`);
    },
};

export const externalIps: Rule = {
    name: "no-external-ips",
    description: "No Service has externalIPs: with them it takes the traffic of any address, in the whole cluster.",
    level: "mandatory",
    violations: (resource) =>
        isService(resource)
            ? items(resource.inputs, "spec.externalIPs").length > 0
                ? [`Take spec.externalIPs out. ${REMEDY}.`]
                : []
            : leaves(chartOf(resource)?.values)
                  .filter(({ path }) => path.at(-2) === "externalIPs")
                  .map(({ path }) => `Take values.${path.slice(0, -1).join(".")} out. ${REMEDY}.`),
};

export const gatewayApi: Rule = {
    name: "no-gateway-api",
    description: "No Gateway of the Gateway API is declared: its controller gives each one a load balancer of its own.",
    level: "mandatory",
    settings: { gateways: { description: "Names of the Gateways that are allowed.", default: [] } },
    violations: ({ type, inputs }, { gateways = [] }) => {
        const name = at(inputs, "metadata.name");
        return /^kubernetes:gateway\.networking\.k8s\.io\/\w+:Gateway$/.test(type) &&
            name !== UNKNOWN &&
            !gateways.includes(name as string)
            ? ["Replace the Gateway by one of networking.istio.io, which uses the ingress gateway."]
            : [];
    },
};

function isService({ type }: Declared): boolean {
    return type === "kubernetes:core/v1:Service";
}
