/** What the config asks of the requests to Bookinfo, beside what a load has seen. */
import { BOOKINFO_SERVICES } from "../../../components/bookinfo/services";
import type { Traffic } from "../../../components/bookinfo/traffic";
import { routeFor } from "../../../components/bookinfo/trafficSpecs";
import { chanceInterval } from "./chance";
import type { PagePart } from "./reviews";

/** One thing that the config asks for. Counts are pages. */
export interface Asked {
    /** What the pages have in common, such as `reviews v1`. */
    what: string;
    /** The asked percentage of the pages that count. */
    percent: number;
    /** How many pages have it. */
    seen: number;
    /** How many pages count. */
    of: number;
    /** The least and the most that chance allows, in 999 of 1000 loads. */
    least: number;
    most: number;
}

/** What was seen on pages with the status 200. */
export interface SeenPages {
    pages: number;
    /** Number of pages by version of reviews. */
    reviews: Readonly<Record<string, number>>;
    /** Number of pages without a service's answer. */
    missing: Readonly<Record<PagePart, number>>;
}

/** How often productpage asks a service again (samples/bookinfo/src/productpage of Istio): reviews a second time. */
const TRIES: Record<PagePart, number> = { details: 1, reviews: 2, ratings: 1 };

/** The versions of reviews that ask ratings. */
const WITH_RATINGS = ["v2", "v3"];

/**
 * @param traffic the config of the deployed stack
 * @param user who is signed in; undefined for nobody
 */
export function askedAndSeen(traffic: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    return [...versionsAsked(traffic, user, seen), ...abortsAsked(traffic, user, seen)];
}

function versionsAsked({ reviews: settings }: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    const [service] = BOOKINFO_SERVICES.filter(({ name }) => name === "reviews");
    const { route } = routeFor(user, "reviews", settings ?? {});
    const isAsked = route.some(({ destination: { subset } }) => subset !== undefined);
    if (!isAsked || service === undefined) {
        return [];
    }
    const shares = new Map(route.map(({ destination: { subset }, weight = 100 }) => [subset, weight]));
    const of = service.versions.reduce((sum, version) => sum + (seen.reviews[version] ?? 0), 0);
    return service.versions.map((version) =>
        asked(`reviews ${version}`, (shares.get(version) ?? 0) / 100, seen.reviews[version] ?? 0, of),
    );
}

function abortsAsked(traffic: Traffic, user: string | undefined, seen: SeenPages): Asked[] {
    return (Object.keys(TRIES) as PagePart[]).flatMap((part) => {
        const settings = traffic[part] ?? {};
        const { fault } = routeFor(user, part, settings);
        // A slow answer is a missing one too, if it is too slow. And what a breaker or a timeout does, depends on the load.
        const isAlone = fault?.delay === undefined && !settings.circuitBreaker && settings.timeout === undefined;
        if (fault?.abort === undefined || fault.abort.httpStatus < 300 || !isAlone) {
            return [];
        }
        const share = (fault.abort.percentage.value / 100) ** TRIES[part];
        const of =
            part === "ratings"
                ? WITH_RATINGS.reduce((sum, version) => sum + (seen.reviews[version] ?? 0), 0)
                : seen.pages;
        return [asked(`without ${part}`, share, seen.missing[part], of)];
    });
}

function asked(what: string, share: number, seen: number, of: number): Asked {
    return { what, percent: Number((share * 100).toFixed(2)), seen, of, ...chanceInterval(of, share) };
}
