/** Copies of requests, which no page shows: by the counters of the proxies that send them. */
import type { ServiceName } from "../../../components/bookinfo/accessSpecs";
import type { Traffic } from "../../../components/bookinfo/traffic";
import { routesSpec, type ServiceTraffic } from "../../../components/bookinfo/trafficSpecs";
import type { ClusterApi } from "../../kubernetes/api";
import { callersOf } from "../mesh/bookinfoPods";
import { Envoy } from "../mesh/envoy";
import { type Asked, asked } from "./asked";

/** How many requests each pod has got from each proxy, by the subset by which they came. */
type Counts = ReadonlyMap<string, { subset: string; requests: number }>;

interface Mirror {
    service: ServiceName;
    to: string;
    percent: number;
}

/** The mirrors to versions that no route names. A circuit breaker refuses some copies: how many, depends on the load. */
export function mirrorsIn(traffic: Traffic): Mirror[] {
    return (Object.entries(traffic) as [ServiceName, ServiceTraffic][]).flatMap(([service, settings]) => {
        const { mirror, circuitBreaker } = settings;
        const routes = routesSpec({ name: service }, settings)?.http.flatMap(({ route }) => route) ?? [];
        return mirror && !circuitBreaker && routes.every(({ destination }) => destination.subset !== mirror.to)
            ? [{ service, to: mirror.to, percent: mirror.percent }]
            : [];
    });
}

/** @throws UserError if the proxies cannot be asked */
export async function countRequests(api: ClusterApi, service: ServiceName, namespace: string): Promise<Counts> {
    const pods = await callersOf(api, service, namespace);
    const counted = pods.map(async (pod) => {
        const hosts = await new Envoy(api, pod).hosts(service, namespace);
        return hosts.map(
            ({ subset, address, requests }) =>
                [`${pod.metadata.uid ?? pod.metadata.name} ${subset} ${address}`, { subset, requests }] as const,
        );
    });
    return new Map((await Promise.all(counted)).flat());
}

/** The copies between two counts, of the requests that were sent elsewhere; undefined if a proxy has begun to count again. */
export function mirroredBetween({ service, to, percent }: Mirror, before: Counts, after: Counts): Asked | undefined {
    const grown = [...after].map(([key, { subset, requests }]) => ({
        subset,
        // A pod that is new has begun at 0.
        more: requests - (before.get(key)?.requests ?? 0),
    }));
    if (grown.some(({ more }) => more < 0)) {
        return undefined;
    }
    const sum = (isCopy: boolean) =>
        grown.filter(({ subset }) => (subset === to) === isCopy).reduce((total, { more }) => total + more, 0);
    return asked(`mirrored to ${service} ${to}`, percent / 100, sum(true), sum(false));
}
