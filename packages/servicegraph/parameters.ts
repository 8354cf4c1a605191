import { parseDuration } from "./prometheus/duration";
import { FILTERS, type Filter, type Selection } from "./prometheus/queries";
import { goQuote } from "./text/goText";
import { RequestError } from "./requestError";

/** The rates' time horizon where none is given, as in 1.0. */
const DEFAULT_TIME_HORIZON = "5m";

/** Seconds after which `/dotviz` loads itself again, 0 for never: what its form offers. */
export const REFRESH_CHOICES = [0, 5, 15, 60] as const;

/** As in 1.0, whose page never did: what is typed into the form and not sent yet is lost when the page loads again. */
const DEFAULT_REFRESH = 0;

/** The parameters of a page. */
export interface PageParameters {
    selection: Selection;
    /** Seconds until the page loads itself again; 0: never. */
    refresh: number;
    /** As they were given, for the form. */
    raw: URLSearchParams;
}

/**
 * What a request's query asks for. Of a parameter that is given twice the first one counts; one that is empty is not given;
 * unknown ones are left alone, as in 1.0.
 * @throws RequestError 400 with the parameter, its value and what is allowed
 */
export function readSelection(query: URLSearchParams): Selection {
    const timeHorizon = query.get("time_horizon") || DEFAULT_TIME_HORIZON;
    const milliseconds = parseDuration(timeHorizon);
    if (milliseconds === undefined) {
        // Word for word what 1.0 said, though with status 500.
        throw new RequestError(
            400,
            `could not parse time_horizon: not a valid duration string: ${goQuote(timeHorizon)}`,
        );
    }
    if (milliseconds === 0) {
        throw new RequestError(
            400,
            `time_horizon must be longer than 0, such as 30s, 5m or 1h30m: ${goQuote(timeHorizon)}`,
        );
    }

    const filterEmpty = query.get("filter_empty") ?? "";
    if (!["", "true", "false"].includes(filterEmpty)) {
        throw new RequestError(400, `filter_empty must be true or false: ${goQuote(filterEmpty)}`);
    }

    const filters: Selection["filters"] = {};
    for (const filter of Object.keys(FILTERS) as Filter[]) {
        const value = query.get(filter);
        if (value) {
            filters[filter] = value;
        }
    }
    return { timeHorizon, filterEmpty: filterEmpty === "true", filters };
}

/**
 * The parameters of `/dotviz`: those of every graph, and `refresh`.
 * @throws RequestError 400 with the parameter, its value and what is allowed
 */
export function readPageParameters(raw: URLSearchParams): PageParameters {
    const refresh = raw.get("refresh") || String(DEFAULT_REFRESH);
    if (!/^\d{1,4}$/.test(refresh)) {
        throw new RequestError(
            400,
            `refresh must be a whole number of seconds up to 9999, or 0 for never: ${goQuote(refresh)}`,
        );
    }
    return { selection: readSelection(raw), refresh: Number(refresh), raw };
}

/**
 * The shortest query that means the same. Of requests that differ in order, defaults and unknown parameters alone, it is equal.
 * @param refresh as in `PageParameters`
 */
export function queryOf({ timeHorizon, filterEmpty, filters }: Selection, refresh = DEFAULT_REFRESH): string {
    return new URLSearchParams({
        ...(timeHorizon !== DEFAULT_TIME_HORIZON && { time_horizon: timeHorizon }),
        ...(filterEmpty && { filter_empty: "true" }),
        ...filters,
        ...(refresh !== DEFAULT_REFRESH && { refresh: String(refresh) }),
    }).toString();
}

/** What is shown around the reason why parameters are refused. */
export function defaultPageParameters(raw: URLSearchParams): PageParameters {
    const selection = { timeHorizon: DEFAULT_TIME_HORIZON, filterEmpty: false, filters: {} };
    return { selection, refresh: DEFAULT_REFRESH, raw };
}
