import { parseDuration } from "./prometheus/duration";
import { FILTERS, type Filter, type Selection } from "./prometheus/queries";
import { goQuote } from "./text/goText";
import { RequestError } from "./requestError";

/** As in 1.0. */
const DEFAULT_TIME_HORIZON = "5m";

/** The choices in the form of `/dotviz`: seconds until the page loads again, 0 for never. */
export const REFRESH_CHOICES = [0, 5, 15, 60] as const;

/** Never, as in 1.0. When the page loads again, it clears what is typed into its form. */
const DEFAULT_REFRESH = 0;

export interface PageParameters {
    selection: Selection;
    /** Seconds until the page loads again; 0 for never. */
    refresh: number;
    /** The parameters as the form shows them. */
    raw: URLSearchParams;
}

/**
 * Reads the parameters of a graph. As in 1.0, the first one of repeated parameters counts, and empty and unknown ones are ignored.
 * @throws RequestError 400 with the parameter, its value and what is allowed
 */
export function readSelection(query: URLSearchParams): Selection {
    const timeHorizon = query.get("time_horizon") || DEFAULT_TIME_HORIZON;
    const milliseconds = parseDuration(timeHorizon);
    if (milliseconds === undefined) {
        // The text of 1.0, which answered with status 500.
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
 * Reads the parameters of `/dotviz`: those of every graph, and `refresh`.
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
 * The shortest equivalent query: the same for requests that differ only in order, defaults and unknown parameters.
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

/** The parameters of the page that says why parameters are refused. */
export function defaultPageParameters(raw: URLSearchParams): PageParameters {
    const selection = { timeHorizon: DEFAULT_TIME_HORIZON, filterEmpty: false, filters: {} };
    return { selection, refresh: DEFAULT_REFRESH, raw };
}
