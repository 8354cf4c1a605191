import { isDeepStrictEqual } from "node:util";
import { BOOKINFO_SERVICES, type BookinfoService } from "../../../components/bookinfo/services";
import type { Traffic } from "../../../components/bookinfo/traffic";
import { destinationRuleSpec, routesSpec } from "../../../components/bookinfo/trafficSpecs";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { unlessForbidden } from "../../kubernetes/apiError";
import type { Mesh } from "../mesh/mesh";
import { type Check, type CheckResult, failed, ok } from "./check";

const NETWORKING = "networking.istio.io/v1";

/** The kinds that route requests in the mesh, each with the services that an object is about. */
const KINDS = {
    VirtualService: ({ spec }: KubernetesObject): string[] => {
        const { hosts = [], gateways = ["mesh"] } = (spec ?? {}) as { hosts?: string[]; gateways?: string[] };
        return gateways.includes("mesh") ? hosts : [];
    },
    DestinationRule: ({ spec }: KubernetesObject): string[] => {
        const { host } = (spec ?? {}) as { host?: string };
        return host === undefined ? [] : [host];
    },
};

type Kind = keyof typeof KINDS;

/** What the config says of a service, as an object of each kind; undefined if there must be none. */
const SPECS: Record<Kind, (service: BookinfoService, traffic: Traffic) => unknown> = {
    VirtualService: (service, traffic) => routesSpec(service, traffic[service.name] ?? {}),
    DestinationRule: (service, traffic) => destinationRuleSpec(service, traffic[service.name] ?? {}),
};

/**
 * The routes between the services are those of the config, and nobody else routes the same requests. Of two VirtualServices
 * for one host in the mesh, Istio uses the older one, and merges their DestinationRules.
 */
export const checkRoutes: Check = async (mesh) => {
    const { traffic } = mesh;
    if (traffic === undefined) {
        return { status: "off", found: "unknown, because the stack's config cannot be used here" };
    }
    const results = await Promise.all((Object.keys(KINDS) as Kind[]).map((kind) => resultOf(kind, mesh, traffic)));
    const failure = results.find(({ status }) => status === "failed");
    const notes = results.flatMap(({ note }) => note ?? []);
    const routed = Object.keys(traffic);
    if (failure) {
        return failure;
    }
    const note = notes.length > 0 ? notes.join("\n") : undefined;
    return routed.length > 0
        ? ok(`those of ${routed.join(", ")} are as configured`, note)
        : { status: "off", found: "bookinfo.traffic sets nothing", ...(note !== undefined && { note }) };
};

async function resultOf(kind: Kind, { api, appNamespace, commands }: Mesh, traffic: Traffic): Promise<CheckResult> {
    const objects = (await unlessForbidden(() => api.list(NETWORKING, kind))) ?? [];
    const others: string[] = [];
    for (const service of BOOKINFO_SERVICES) {
        const about = objects.filter((object) => isAbout(service.name, appNamespace, object, KINDS[kind](object)));
        const spec = SPECS[kind](service, traffic);
        const isNamed = ({ metadata }: KubernetesObject) =>
            metadata.namespace === appNamespace && metadata.name === service.name;
        const own = spec === undefined ? undefined : objects.find(isNamed);
        const foreign = about.filter((object) => object !== own).map((object) => displayName({ ...object, kind }));
        if (spec !== undefined && own === undefined) {
            return failed(`${kind} ${appNamespace}/${service.name} is missing`, commands.redeploy);
        }
        if (own && !isDeepStrictEqual(own.spec, JSON.parse(JSON.stringify(spec)))) {
            return failed(`${kind} ${appNamespace}/${service.name} is not as configured`, commands.redeploy);
        }
        if (spec !== undefined && foreign.length > 0) {
            return failed(
                `${foreign.join(", ")} ${foreign.length === 1 ? "is" : "are"} about ${service.name} too, and Istio may use ` +
                    "that instead",
                `ask its owner, or take ${service.name} out of bookinfo.traffic`,
            );
        }
        others.push(...foreign);
    }
    return others.length > 0
        ? ok("", `${others.join(", ")} ${others.length === 1 ? "is" : "are"} not of this stack, and in effect.`)
        : ok("");
}

/** Whether an object's hosts name a service of Bookinfo: in short, with its namespace, or by a wildcard. */
function isAbout(
    service: string,
    appNamespace: string,
    { metadata }: KubernetesObject,
    hosts: readonly string[],
): boolean {
    const name = `${service}.${appNamespace}`;
    return hosts.some(
        (host) =>
            (host === service && metadata.namespace === appNamespace) ||
            `${host}.`.startsWith(`${name}.`) ||
            // `*`, and `*.` with the end of a full name.
            (host.startsWith("*") && `${name}.svc.cluster.local`.endsWith(host.slice(1))),
    );
}
