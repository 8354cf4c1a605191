import type { DestinationRuleSpec, HttpRoute, VirtualServiceSpec } from "../istio/api";
import type { BookinfoService } from "./services";

/** How requests to one service of Bookinfo are routed, and what happens to them. Durations are texts such as `500ms`. */
export interface ServiceTraffic {
    /** The version that gets all requests. Default: each pod gets its share. */
    version?: string;
    /** The percentage of requests for each version; together 100. */
    weights?: Readonly<Record<string, number>>;
    /** The version for a user who is signed in to the product page. */
    users?: Readonly<Record<string, string>>;
    timeout?: string;
    retries?: { attempts: number; perTryTimeout?: string; on?: readonly string[] };
    mirror?: { to: string; percent: number };
    circuitBreaker?: CircuitBreaker;
    delay?: Fault & { for: string };
    abort?: Fault & { status: number };
}

export interface Fault {
    /** 0 to 100. */
    percent: number;
    /** Whose requests. Default: all. */
    users?: readonly string[];
}

/** Limits for each client's proxy, and when it stops calling a pod for a while. */
export interface CircuitBreaker {
    /** Most connections. */
    connections?: number;
    /** Most requests that wait for a connection. */
    pending?: number;
    requestsPerConnection?: number;
    /** Answers with a status of 500 and above, one after the other, that eject a pod. */
    consecutiveErrors?: number;
    /** How long a pod is ejected for the first time; then as many times as long as it was ejected. */
    ejection?: string;
    /** The percentage of pods that can be ejected at once. */
    maxEjected?: number;
}

/** The header by which Bookinfo hands on who is signed in (samples/bookinfo/src/productpage of Istio). */
export const USER_HEADER = "end-user";

/** How often proxies look for pods to eject, as in Istio's task "Circuit Breaking". With Istio's default one waits 10 s to see it. */
const EJECTION_INTERVAL = "1s";

/**
 * The DestinationRule of a service; undefined if nothing needs one. It always has all versions: so no change of routes removes
 * a subset that a proxy still uses.
 */
export function destinationRuleSpec(
    { name, versions }: Pick<BookinfoService, "name" | "versions">,
    traffic: ServiceTraffic,
): DestinationRuleSpec | undefined {
    const { circuitBreaker } = traffic;
    if (!circuitBreaker && !usesSubsets(traffic)) {
        return undefined;
    }
    return {
        host: name,
        subsets: versions.map((version) => ({ name: version, labels: { version } })),
        ...(circuitBreaker && { trafficPolicy: trafficPolicy(circuitBreaker) }),
    };
}

/** Whether routes name versions, so that proxies need them before the routes, and longer. */
export function usesSubsets({ version, weights, users, mirror }: ServiceTraffic): boolean {
    return [version, weights, mirror].some((set) => set !== undefined) || Object.keys(users ?? {}).length > 0;
}

/** The mesh's own routes to a service; undefined if nothing needs them. The gateway has routes of its own. */
export function routesSpec(
    { name }: Pick<BookinfoService, "name">,
    traffic: ServiceTraffic,
): VirtualServiceSpec | undefined {
    const { timeout, retries, delay, abort } = traffic;
    if (!usesSubsets(traffic) && [timeout, retries, delay, abort].every((set) => set === undefined)) {
        return undefined;
    }
    return { hosts: [name], http: [...routesOfUsers(name, traffic), routeFor(undefined, name, traffic)] };
}

/** Routes for the users that are named somewhere. Users with equal routes share one. They come before the default route. */
function routesOfUsers(host: string, traffic: ServiceTraffic): HttpRoute[] {
    const { users = {}, delay, abort } = traffic;
    const named = new Set([...Object.keys(users), ...(delay?.users ?? []), ...(abort?.users ?? [])]);
    const routes = new Map<string, HttpRoute>();
    for (const user of named) {
        const route = routeFor(user, host, traffic);
        const key = JSON.stringify(route);
        const match = { headers: { [USER_HEADER]: { exact: user } } };
        routes.set(key, { match: [...(routes.get(key)?.match ?? []), match], ...route });
    }
    return [...routes.values()];
}

/**
 * The route that a user's requests to a service take, without its match.
 * @param user undefined for everybody who has no route of their own
 */
export function routeFor(user: string | undefined, host: string, traffic: ServiceTraffic): HttpRoute {
    const { timeout, retries, mirror } = traffic;
    const fault = faultFor(user, traffic);
    return {
        route: destinationsFor(user, host, traffic),
        ...(fault && { fault }),
        ...(timeout !== undefined && { timeout }),
        ...(retries && { retries: retriesSpec(retries) }),
        ...(mirror && { mirror: { host, subset: mirror.to }, mirrorPercentage: { value: mirror.percent } }),
    };
}

function destinationsFor(user: string | undefined, host: string, traffic: ServiceTraffic): HttpRoute["route"] {
    const { users = {}, version, weights } = traffic;
    const subset = user !== undefined && Object.hasOwn(users, user) ? users[user] : version;
    if (subset !== undefined) {
        return [{ destination: { host, subset } }];
    }
    // Istio refuses a weight of 0 for the only destination.
    const shares = Object.entries(weights ?? {}).filter(([, weight]) => weight > 0);
    return shares.length === 0
        ? [{ destination: { host } }]
        : shares.map(([subset, weight]) => ({ destination: { host, subset }, weight }));
}

function faultFor(user: string | undefined, { delay, abort }: ServiceTraffic): HttpRoute["fault"] {
    const applies = ({ users = [] }: Fault) => users.length === 0 || (user !== undefined && users.includes(user));
    const fault = {
        ...(delay && applies(delay) && { delay: { fixedDelay: delay.for, percentage: { value: delay.percent } } }),
        ...(abort && applies(abort) && { abort: { httpStatus: abort.status, percentage: { value: abort.percent } } }),
    };
    return Object.keys(fault).length > 0 ? fault : undefined;
}

function retriesSpec({
    attempts,
    perTryTimeout,
    on = [],
}: NonNullable<ServiceTraffic["retries"]>): HttpRoute["retries"] {
    return {
        attempts,
        ...(perTryTimeout !== undefined && { perTryTimeout }),
        ...(on.length > 0 && { retryOn: on.join(",") }),
    };
}

function trafficPolicy(breaker: CircuitBreaker): NonNullable<DestinationRuleSpec["trafficPolicy"]> {
    const { connections, pending, requestsPerConnection, consecutiveErrors, ejection, maxEjected } = breaker;
    const http = {
        ...(pending !== undefined && { http1MaxPendingRequests: pending }),
        ...(requestsPerConnection !== undefined && { maxRequestsPerConnection: requestsPerConnection }),
    };
    const connectionPool = {
        ...(connections !== undefined && { tcp: { maxConnections: connections } }),
        ...(Object.keys(http).length > 0 && { http }),
    };
    return {
        ...(Object.keys(connectionPool).length > 0 && { connectionPool }),
        ...(consecutiveErrors !== undefined && {
            outlierDetection: {
                consecutive5xxErrors: consecutiveErrors,
                interval: EJECTION_INTERVAL,
                ...(ejection !== undefined && { baseEjectionTime: ejection }),
                ...(maxEjected !== undefined && { maxEjectionPercent: maxEjected }),
            },
        }),
    };
}
