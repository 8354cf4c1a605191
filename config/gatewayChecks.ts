/** Checks of the way in: of the gateway's Service with what Helm values say of it, and of the address in front of it. */
import { isServicePort, SERVICE_TYPES } from "../components/istio/gatewayService";
import { faultOfAddress } from "./address";
import { ingressOf } from "./ingress";
import { type ConfigIssue, inPulumi, invalidValue } from "./issues";
import { alternatives } from "./keys";
import type { Section } from "./schema";
import { valueAt } from "./valueAt";

type Istio = Section<"istio">;

const SERVICE = ["istio", "gateway", "service"];
const OVERRIDES = ["istio", "values", "gateway", "service"];

/** The keys that only one type of Service has. */
const OF_TYPE = {
    loadBalancerClass: "LoadBalancer",
    loadBalancerSourceRanges: "LoadBalancer",
    nodePort: "NodePort",
} as const;

export function checkGateway({ gateway, values }: Istio): ConfigIssue[] {
    const overrides = valueAt(values.gateway, ["service"]);
    if (overrides !== undefined && (typeof overrides !== "object" || overrides === null || Array.isArray(overrides))) {
        return [invalidValue(OVERRIDES, overrides, "it is not an object", { allowed: "object" })];
    }
    return [
        ...checkTypeOverride(overrides),
        ...checkPortOverrides(valueAt(overrides, ["ports"])),
        ...checkKeysOfType({ gateway, values }),
        ...checkAddress(gateway.address),
    ];
}

/** Helm would accept any text, and the API server refuse it when half of Istio is installed already. */
function checkTypeOverride(overrides: unknown): ConfigIssue[] {
    const type = valueAt(overrides, ["type"]);
    const isKnown = type === undefined || type === "None" || SERVICE_TYPES.some((each) => each === type);
    const allowed = alternatives([...SERVICE_TYPES]);
    return isKnown ? [] : [invalidValue([...OVERRIDES, "type"], type, "there is no such choice", { allowed })];
}

/** The API server would refuse such a Service, when half of Istio is installed already. */
function checkPortOverrides(ports: unknown): ConfigIssue[] {
    const allowed = "an object whose port is a whole number from 1 to 65535, such as {name: http2, port: 80}";
    return (Array.isArray(ports) ? ports : []).flatMap((entry: unknown, index) =>
        isServicePort(entry)
            ? []
            : [
                  invalidValue([...OVERRIDES, "ports", String(index)], entry, "it is not a port of a Service", {
                      allowed,
                  }),
              ],
    );
}

function checkKeysOfType({ gateway, values }: Pick<Istio, "gateway" | "values">): ConfigIssue[] {
    const { service } = gateway;
    const { type } = ingressOf(gateway, values.gateway);
    const overridden = valueAt(values.gateway, ["service", "type"]) !== undefined;
    const typePath = [...(overridden ? OVERRIDES : SERVICE), "type"];
    const issues = Object.entries(OF_TYPE).flatMap(([key, only]): ConfigIssue[] => {
        const value = service[key as keyof typeof OF_TYPE];
        const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined;
        if (!isSet || type === only) {
            return [];
        }
        return [
            {
                ...invalidValue([...SERVICE, key], value, `it has no effect because ${inPulumi(typePath)} is ${type}`),
                remedy: `Run: pulumi config set --path ${inPulumi(typePath)} ${only}, or remove it`,
            },
        ];
    });
    if (service.nodePort !== undefined && valueAt(values.gateway, ["service", "ports"]) !== undefined) {
        const ports = inPulumi([...OVERRIDES, "ports"]);
        const problem = `it has no effect because ${ports} replaces all ports`;
        const allowed = `a nodePort in ${ports}`;
        issues.push({
            ...invalidValue([...SERVICE, "nodePort"], service.nodePort, problem, { allowed }),
            remedy: `Run: pulumi config rm --path ${inPulumi([...SERVICE, "nodePort"])}`,
        });
    }
    return issues;
}

function checkAddress(address: string | undefined): ConfigIssue[] {
    const fault = address === undefined ? undefined : faultOfAddress(address);
    if (!fault) {
        return [];
    }
    const { problem, example } = fault;
    // A URL may have a password.
    const value = address?.replace(/^(.*:\/\/)?[^/@]*@/, "$1[hidden]@");
    return [invalidValue(["istio", "gateway", "address"], value, problem, { example })];
}

/** A reserved address of Google Cloud belongs to a load balancer; nothing else can use it. */
export function checkReservedAddress(cluster: Section<"cluster"> | undefined, istio: Istio): ConfigIssue[] {
    const { type } = ingressOf(istio.gateway, istio.values.gateway);
    if (cluster?.kind !== "gke" || !cluster.ingress.staticIp || type === "LoadBalancer") {
        return [];
    }
    const problem = `nothing would use the address because the gateway's Service is of type ${type}`;
    return [invalidValue(["cluster", "ingress", "staticIp"], true, problem, { allowed: "false", example: "false" })];
}
