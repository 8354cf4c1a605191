import type { DeepPartial, GatewaySpec, VirtualServiceSpec } from "../../../components/istio/api";
import { PRODUCTPAGE } from "../../../components/names";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { isReadyPod } from "../../kubernetes/readiness";
import { INGRESS_SERVICE } from "../mesh/ingress";
import type { Mesh } from "../mesh/mesh";
import { type Check, type CheckResult, failed, ok } from "./check";

const NETWORKING = "networking.istio.io/v1";

/** Name of the program's VirtualService (components/bookinfo/gateway.ts). */
const ROUTES = "bookinfo";

type Routes = DeepPartial<VirtualServiceSpec>;

/**
 * The ingress works: a VirtualService that routes to the product page refers to a Gateway. The Gateway selects ready pods,
 * and opens a port of the ingress gateway's Service.
 */
export const checkGateway: Check = async (mesh) => {
    const { api, appNamespace, commands } = mesh;
    const within = { fieldSelector: `metadata.namespace=${appNamespace}` };
    const all = (await api.list(NETWORKING, "VirtualService", within)).filter(routesToPage);
    // Others may route to the page too, by Gateways of their own.
    const own = all.filter(({ metadata }) => metadata.name === ROUTES);
    const routes = own.length > 0 ? own : all;
    const [route] = routes;
    if (!route) {
        return failed(`no VirtualService in ${appNamespace} routes to ${PRODUCTPAGE}`, commands.redeploy);
    }
    const references = routes.flatMap(({ metadata, spec }) => gatewaysOf(spec as Routes, metadata.namespace));
    if (references.length === 0) {
        return failed(`${displayName(route)} refers to no Gateway`, commands.redeploy);
    }
    const results = await Promise.all(references.map((reference) => gatewayResult(mesh, reference)));
    return results.find(({ status }) => status === "failed") ?? results[0] ?? ok("");
};

async function gatewayResult(
    { api, commands }: Mesh,
    reference: { namespace: string; name: string },
): Promise<CheckResult> {
    const gateway = await api.read({ apiVersion: NETWORKING, kind: "Gateway", metadata: reference });
    const what = `Gateway ${reference.namespace}/${reference.name}`;
    if (!gateway) {
        return failed(`${what} is missing, but a VirtualService refers to it`, commands.redeploy);
    }
    const { selector = {}, servers = [] } = gateway.spec as DeepPartial<GatewaySpec>;
    const labelSelector = Object.entries(selector)
        .map((pair) => pair.join("="))
        .join(",");
    const pods = (await api.list("v1", "Pod", { labelSelector })).filter(isReadyPod);
    if (pods.length === 0) {
        return failed(
            `${what} selects no ready pod (${labelSelector})`,
            `${commands.kubectl} get pods --all-namespaces --selector ${labelSelector}`,
        );
    }
    const opened = servers.flatMap(({ port }) => port?.number ?? []);
    const service = await api.read(INGRESS_SERVICE);
    const { ports = [] } = (service?.spec ?? {}) as { ports?: { port: number; targetPort?: number | string }[] };
    // A Gateway names a port of the Service, or else of the pods.
    const served = opened.filter((number) => ports.some((each) => each.port === number || each.targetPort === number));
    return served.length > 0
        ? ok(`${what} at port ${served.join(", ")}, on ${pods.length} ready ${pods.length === 1 ? "pod" : "pods"}`)
        : failed(
              `${what} opens port ${opened.join(", ") || "none"}, and ${displayName(INGRESS_SERVICE)} has ` +
                  ports.map(({ port }) => port).join(", "),
              commands.redeploy,
          );
}

function routesToPage({ spec }: KubernetesObject): boolean {
    const { http = [] } = spec as Routes;
    const hosts = http.flatMap(({ route = [] }) => route.map(({ destination }) => destination?.host ?? ""));
    return hosts.some((host) => host === PRODUCTPAGE || host.startsWith(`${PRODUCTPAGE}.`));
}

/** The Gateways that a VirtualService names, as `name` or `namespace/name`. "mesh" means all sidecars. */
export function gatewaysOf(
    { gateways = [] }: { gateways?: string[] },
    ownNamespace = "default",
): { namespace: string; name: string }[] {
    return gateways
        .filter((gateway) => gateway !== "mesh")
        .map((gateway) => {
            const [name = gateway, namespace = ownNamespace] = gateway.split("/").reverse();
            return { namespace, name };
        });
}
