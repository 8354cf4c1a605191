import { parseDuration } from "./prometheus/duration";
import { MOMENTS, parseMoment } from "./prometheus/moment";
import { FILTERS, type Filter, type Selection } from "./prometheus/queries";
import { goQuote } from "./text/goText";
import { RequestError } from "./requestError";

/** As in 1.0. */
const DEFAULT_TIME_HORIZON = "5m";

/** The choices in the form of `/dotviz`: seconds until the page loads again, 0 for never. */
export const REFRESH_CHOICES = [0, 5, 15, 60] as const;

/** Never, as in 1.0. When the page loads again, it clears what is typed into its form. */
const DEFAULT_REFRESH = 0;

/** Namespaces whose workloads are drawn one by one, "all", or undefined if the size of the graph decides. Unknown ones are "". */
export type Open = ReadonlySet<string> | "all" | undefined;

/** The values of `open` for all namespaces, and for workloads whose namespace is unknown, which is Istio's own word. */
const OPEN = { all: "*", unknown: "unknown" };

export interface PageParameters {
    selection: Selection;
    /** Seconds until the page loads again; 0 for never. */
    refresh: number;
    open: Open;
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
    const selection = { timeHorizon, filterEmpty: filterEmpty === "true", filters, ...readMoments(query) };
    // This refuses wrong moments.
    momentsOf(selection, new Date());
    return selection;
}

function readMoments(query: URLSearchParams): Pick<Selection, "at" | "compare"> {
    const [at, compare] = [query.get("at"), query.get("compare")];
    return { ...(at && { at }), ...(compare && { compare }) };
}

/**
 * The moments that a selection asks for.
 * @throws RequestError 400 with the parameter, its value and what is allowed
 */
export function momentsOf({ at: end, compare }: Selection, now: Date): { at: Date; compare: Date | undefined } {
    const at = readMoment("at", end, now) ?? now;
    const then = readMoment("compare", compare, now);
    if (then && then >= at) {
        throw new RequestError(
            400,
            `compare must be earlier than at, which is ${at.toISOString()}: ${goQuote(compare ?? "")}`,
        );
    }
    return { at, compare: then };
}

function readMoment(name: string, text: string | undefined, now: Date): Date | undefined {
    if (text === undefined) {
        return undefined;
    }
    const moment = parseMoment(text, now);
    if (!moment) {
        throw new RequestError(400, `${name} must be a moment, ${MOMENTS}: ${goQuote(text)}`);
    }
    if (moment > now) {
        throw new RequestError(400, `${name} must be in the past; it is ${now.toISOString()} now: ${goQuote(text)}`);
    }
    return moment;
}

/**
 * Reads the parameters of `/dotviz`: those of every graph, `refresh`, and `open`, which may be repeated.
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
    return { selection: readSelection(raw), refresh: Number(refresh), open: readOpen(raw), raw };
}

function readOpen(raw: URLSearchParams): Open {
    const names = raw.getAll("open").filter(Boolean);
    if (names.includes(OPEN.all)) {
        return "all";
    }
    return names.length > 0 ? new Set(names.map((name) => (name === OPEN.unknown ? "" : name)).sort()) : undefined;
}

/** The values of `open` in a query. */
export function openNames(open: Open): string[] {
    return open === "all" ? [OPEN.all] : [...(open ?? [])].map((name) => name || OPEN.unknown);
}

/**
 * The shortest equivalent query: the same for requests that differ only in order, defaults and unknown parameters.
 * @param page what `/dotviz` has beside the selection
 */
export function queryOf(
    { timeHorizon, filterEmpty, filters, at, compare }: Selection,
    { refresh = DEFAULT_REFRESH, open }: Partial<Pick<PageParameters, "refresh" | "open">> = {},
): string {
    const query = new URLSearchParams({
        ...(timeHorizon !== DEFAULT_TIME_HORIZON && { time_horizon: timeHorizon }),
        ...(filterEmpty && { filter_empty: "true" }),
        ...filters,
        ...(at !== undefined && { at }),
        ...(compare !== undefined && { compare }),
        ...(refresh !== DEFAULT_REFRESH && { refresh: String(refresh) }),
    });
    for (const name of openNames(open)) {
        query.append("open", name);
    }
    return query.toString();
}

/** The parameters of the page that says why parameters are refused. */
export function defaultPageParameters(raw: URLSearchParams): PageParameters {
    const selection = { timeHorizon: DEFAULT_TIME_HORIZON, filterEmpty: false, filters: {} };
    return { selection, refresh: DEFAULT_REFRESH, open: undefined, raw };
}
