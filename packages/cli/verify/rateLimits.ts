import type { ServiceName } from "../../../components/bookinfo/accessSpecs";
import { RATE_LIMIT_FILTER, type RateLimit } from "../../../components/bookinfo/rateLimitSpecs";
import { valueAt } from "../../../config/valueAt";
import { readyPodsOf } from "../mesh/bookinfoPods";
import { Envoy } from "../mesh/envoy";
import type { Mesh } from "../mesh/mesh";
import { type Check, type CheckResult, failed, ok } from "./check";
import { forServices, inProxies, refusalsIn, REQUESTS } from "./proxies";

/** Envoy's counter `<stat_prefix>.http_local_rate_limit.rate_limited`. */
const LIMITED = /http_local_rate_limit_rate_limited$/;

function limitsIn({ security }: Mesh): [ServiceName, RateLimit][] {
    return Object.entries(security?.rateLimit ?? {}) as [ServiceName, RateLimit][];
}

/** Whether the config has rate limits, as far as it can be read. */
export function hasRateLimits(mesh: Mesh): boolean {
    return limitsIn(mesh).length > 0;
}

/** The proxy of each pod of a service has its limit. It says what they have refused, as far as they publish it. */
export const checkRateLimits: Check = (mesh, stop) =>
    forServices(limitsIn(mesh), (service, limit) => resultOf(mesh, service, limit, stop), stop);

async function resultOf(
    { api, appNamespace, commands }: Mesh,
    service: ServiceName,
    limit: RateLimit,
    stop?: AbortSignal,
): Promise<CheckResult> {
    const looks = (await readyPodsOf(api, service, appNamespace)).map(async (pod) => {
        const envoy = new Envoy(api, pod, stop);
        return {
            pod: pod.metadata.name,
            limits: (await envoy.inboundFilters(RATE_LIMIT_FILTER)).map(limitOf),
            counters: await envoy.counters(`http_local_rate_limit|${REQUESTS}`),
        };
    });
    const seen = await Promise.all(looks);
    if (seen.length === 0) {
        return failed(`no pod of ${service} is ready`, commands.redeploy);
    }
    for (const { pod, limits } of seen) {
        const texts = limits.length === 0 ? ["no limit"] : limits.map(textOf);
        const other = texts.find((text) => text !== textOf(limit));
        if (other !== undefined) {
            return failed(`${service}: the proxy of ${pod} has ${other}, not ${textOf(limit)}`, commands.redeploy);
        }
    }
    const refusals = refusalsIn(
        seen.flatMap(({ counters }) => counters),
        ({ name }) => LIMITED.test(name),
        ({ labels }) => labels.reporter === "destination",
        "RL",
    );
    return ok(`${service}: ${textOf(limit)} ${inProxies(seen)}, ${refusals}`);
}

/** The limit in Envoy's configuration of the filter. Its JSON has durations in seconds, such as `0.500s`. */
function limitOf(filter: unknown): RateLimit {
    const bucket = (key: string) => valueAt(filter, ["token_bucket", key]);
    return { requests: Number(bucket("max_tokens")), per: Number.parseFloat(String(bucket("fill_interval"))) * 1000 };
}

function textOf({ requests, per }: RateLimit): string {
    return `${requests} requests in ${per / 1000} s`;
}
