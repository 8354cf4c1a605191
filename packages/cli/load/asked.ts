/** What the config asks of the requests to Bookinfo, beside what a load has seen. */
import type { RateLimit } from "../../../components/bookinfo/rateLimitSpecs";
import { BOOKINFO_SERVICES } from "../../../components/bookinfo/services";
import type { Traffic } from "../../../components/bookinfo/traffic";
import { routeFor } from "../../../components/bookinfo/trafficSpecs";
import { milliseconds } from "../../../config/duration";
import { chanceInterval } from "./chance";
import type { PagePart } from "./reviews";

/** One thing that the config asks for. Counts are pages or requests. */
export interface Asked {
    /** What they have in common, such as `reviews v1`. */
    what: string;
    /** The asked percentage of those that count; undefined if the config asks for `most` at most. */
    percent?: number;
    /** How many have it. */
    seen: number;
    /** How many count. */
    of: number;
    /** The least and the most that chance allows, in 999 of 1000 loads. */
    least: number;
    most: number;
}

/** What was seen. Pages are answers with the status 200. */
export interface SeenPages {
    /** Number of answers by status. */
    statuses: Readonly<Record<string, number>>;
    /** Number of requests without an answer. */
    silent: number;
    /** How long each page took, in milliseconds, by version of reviews. */
    times: Readonly<Record<string, readonly number[]>>;
    /** Number of pages without a service's answer. */
    missing: Readonly<Record<PagePart, number>>;
}

/** How often productpage asks a service (samples/bookinfo/src/productpage of Istio): reviews again, if the first answer fails. */
const TRIES: Record<PagePart, number> = { details: 1, reviews: 2, ratings: 1 };

const PARTS = Object.keys(TRIES) as PagePart[];

/** The versions of reviews that ask ratings. */
const WITH_RATINGS = ["v2", "v3"];

/** How long productpage waits for each answer, in milliseconds (same source). */
const PATIENCE = 3000;

/**
 * The longest delays of each service that only make pages late, in milliseconds: productpage, and reviews v3, which waits 2.5 s for
 * ratings, still get the answer in time.
 */
const LATE: Record<PagePart, number> = { details: 2500, reviews: 2500, ratings: 2000 };

/**
 * @param traffic the config of the deployed stack
 * @param user who is signed in; undefined for nobody
 */
export function askedAndSeen(traffic: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    return [
        ...versionsAsked(traffic, user, seen),
        ...abortsAsked(traffic, user, seen),
        ...delaysAsked(traffic, user, seen),
    ];
}

function pagesOf({ times }: SeenPages, versions = Object.keys(times)): readonly number[] {
    return versions.flatMap((version) => times[version] ?? []);
}

function versionsAsked({ reviews: settings }: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    const [service] = BOOKINFO_SERVICES.filter(({ name }) => name === "reviews");
    const { route } = routeFor(user, "reviews", settings ?? {});
    const isAsked = route.some(({ destination: { subset } }) => subset !== undefined);
    if (!isAsked || service === undefined) {
        return [];
    }
    const shares = new Map(route.map(({ destination: { subset }, weight = 100 }) => [subset, weight]));
    const of = pagesOf(seen, service.versions).length;
    return service.versions.map((version) =>
        asked(`reviews ${version}`, (shares.get(version) ?? 0) / 100, pagesOf(seen, [version]).length, of),
    );
}

function abortsAsked(traffic: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    return PARTS.flatMap((part) => {
        const settings = traffic[part] ?? {};
        const { fault } = routeFor(user, part, settings);
        // A slow answer is a missing one too, if it is too slow. And what a breaker or a timeout does, depends on the load.
        const isAlone = fault?.delay === undefined && !settings.circuitBreaker && settings.timeout === undefined;
        if (fault?.abort === undefined || fault.abort.httpStatus < 300 || !isAlone) {
            return [];
        }
        return [withoutPart(part, fault.abort.percentage.value / 100, seen)];
    });
}

/** Pages without an answer. @param share of the answers that are lost */
function withoutPart(part: PagePart, share: number, seen: SeenPages): Asked {
    const of = pagesOf(seen, part === "ratings" ? WITH_RATINGS : undefined).length;
    return asked(`without ${part}`, share ** TRIES[part], seen.missing[part], of);
}

/**
 * Pages that are late, or that lack what was too late. Only for one delay and nothing else that makes pages late or lets parts be
 * missing, because then each page tells whether it was delayed.
 */
function delaysAsked(traffic: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    const faults = PARTS.map((part) => ({ part, ...routeFor(user, part, traffic[part] ?? {}).fault }));
    const [only, ...others] = faults.filter(({ delay, abort }) => delay ?? abort);
    const isAlone = Object.values(traffic).every(
        ({ circuitBreaker, timeout, retries }) => !circuitBreaker && timeout === undefined && !retries,
    );
    if (!only?.delay || only.abort || others.length > 0 || !isAlone || seen.silent > 0) {
        return [];
    }
    const { part, delay } = only;
    const time = milliseconds(delay.fixedDelay) ?? 0;
    const share = delay.percentage.value / 100;
    if (time >= PATIENCE) {
        const missing = part === "ratings" ? missingBehind(traffic, user) : part;
        return missing ? [withoutPart(missing, share, seen)] : [];
    }
    const pages = pagesOf(seen, part === "ratings" ? WITH_RATINGS : undefined);
    const late = pages.filter((each) => each >= time).length;
    // Without a gap before the delay, pages may be late for other reasons.
    const isClear = share === 1 || pages.every((each) => each < time / 2 || each >= time);
    return time <= LATE[part] && isClear ? [asked(`delayed by ${part}`, share, late, pages.length)] : [];
}

/** What a page lacks if ratings is too late for productpage: reviews, if all of a user's requests go to v2, which waits longer. */
function missingBehind({ reviews }: Traffic, user: string | undefined): PagePart | undefined {
    const { route } = routeFor(user, "reviews", reviews ?? {});
    return route.every(({ destination: { subset } }) => subset === "v2") ? "reviews" : undefined;
}

/**
 * The requests that a limit of the page lets in.
 * @param pods of the product page, each has its own bucket
 * @param time of the load, in milliseconds
 */
export function limitAsked({ requests, per }: RateLimit, pods: number, time: number, seen: SeenPages): Asked {
    const most = pods * (requests + Math.floor((time * requests) / per));
    return { what: "let in by the limit", seen: seen.statuses["200"] ?? 0, of: answersIn(seen), least: 0, most };
}

/** The requests that the page refuses, because they have no token. */
export function tokensAsked(seen: SeenPages): Asked {
    return asked("refused without a token", 1, seen.statuses["403"] ?? 0, answersIn(seen));
}

function answersIn({ statuses }: SeenPages): number {
    return Object.values(statuses).reduce((sum, each) => sum + each, 0);
}

export function asked(what: string, share: number, seen: number, of: number): Asked {
    return { what, percent: Number((share * 100).toFixed(2)), seen, of, ...chanceInterval(of, share) };
}
