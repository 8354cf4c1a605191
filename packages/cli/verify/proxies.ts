/** What the checks of the proxies' limits have in common. */
import type { ServiceName } from "../../../components/bookinfo/accessSpecs";
import { ApiError } from "../../kubernetes/apiError";
import type { Counter } from "../mesh/envoy";
import { type CheckResult, eventually, ok } from "./check";

/** Time until every proxy has a change, in seconds. */
const PATIENCE = 10;

/** Istio's counter of requests, which each proxy publishes by default. */
export const REQUESTS = "istio_requests_total";

/**
 * The results of a check for all services that have a setting, as one. It is off if the user may not forward ports to pods, because
 * then nothing is seen of their proxies.
 */
export async function forServices<Setting>(
    settings: readonly [ServiceName, Setting][],
    check: (service: ServiceName, setting: Setting) => Promise<CheckResult>,
    stop?: AbortSignal,
): Promise<CheckResult> {
    try {
        const results = await Promise.all(
            settings.map(([service, setting]) => eventually(PATIENCE, stop, () => check(service, setting))),
        );
        return results.find(({ status }) => status === "failed") ?? ok(results.map(({ found }) => found).join("; "));
    } catch (error) {
        if (error instanceof ApiError && [401, 403].includes(error.status)) {
            return { status: "off", found: `not seen from here: ${error.message}` };
        }
        throw error;
    }
}

/**
 * How many requests proxies have refused since they started, in words.
 * @param own whether a counter is Envoy's own of what is refused, which Istio leaves out by default
 * @param calls whether a counter of Istio's is about the requests in question
 * @param flag the response flag by which Istio's counter tells refused ones
 */
export function refusalsIn(
    counters: readonly Counter[],
    own: (counter: Counter) => boolean,
    calls: (counter: Counter) => boolean,
    flag: string,
): string {
    const known = counters.filter(own);
    const requests = counters.filter((counter) => counter.name === REQUESTS && calls(counter));
    if (known.length + requests.length === 0) {
        return "no counter of refusals is published";
    }
    const refused =
        known.length > 0 ? known : requests.filter(({ labels }) => labels.response_flags?.split(",").includes(flag));
    return `${refused.reduce((sum, { value }) => sum + value, 0)} requests refused so far`;
}

/** How many proxies there are, in words. */
export function inProxies({ length }: readonly unknown[]): string {
    return `in ${length} ${length === 1 ? "proxy" : "proxies"}`;
}
