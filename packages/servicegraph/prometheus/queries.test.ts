import { parser } from "@prometheus-io/lezer-promql";
import fc from "fast-check";
import { anyName } from "../testing/names";
import { unquote } from "../testing/dot";
import { goQuote } from "../text/goText";
import { wellFormed } from "../text/wellFormed";
import { parseDuration } from "./duration";
import { detailQueries, FILTERS, type Filter, trafficQueries } from "./queries";

const SELECTION = { timeHorizon: "5m", filterEmpty: false, filters: {} };

function isPromql(query: string): boolean {
    let isValid = true;
    parser.parse(query).iterate({ enter: ({ type }) => void (isValid &&= !type.isError) });
    return isValid;
}

it("asks exactly the queries of 1.0", () => {
    expect(trafficQueries(SELECTION)).toEqual({
        requests:
            'sum(rate(istio_requests_total{reporter="destination"}[5m])) by (source_workload, destination_workload, source_app, destination_app)',
        bytes: 'sum(rate(istio_tcp_received_bytes_total{reporter="destination"}[5m])) by (source_workload, destination_workload, source_app, destination_app)',
    });
    expect(trafficQueries({ ...SELECTION, timeHorizon: "15s", filterEmpty: true }).requests).toMatch(
        /\[15s\]\)\) by \([^)]+\) > 0$/,
    );
});

it("writes valid PromQL with any values of the filters", () => {
    const anyFilters = fc.record(
        Object.fromEntries(Object.keys(FILTERS).map((filter) => [filter, anyName])) as Record<Filter, typeof anyName>,
        { requiredKeys: [] },
    );
    fc.assert(
        fc.property(anyFilters, (filters) => {
            const selection = { ...SELECTION, filters };
            const queries = Object.values({ ...trafficQueries(selection), ...detailQueries(selection) });
            const values = Object.entries(filters).map(
                ([filter, value]) => [FILTERS[filter as Filter], value] as const,
            );
            const found = queries.map((query) => ({
                query,
                isPromql: isPromql(query),
                values: values.map(([label]) => {
                    const [, literal = ""] = new RegExp(`[{,]${label}=("(?:[^"\\\\]|\\\\.)*")`).exec(query) ?? [];
                    return unquote(literal);
                }),
                rest: withoutStrings(query),
            }));
            expect(found).toEqual(
                queries.map((query) => ({
                    query,
                    isPromql: true,
                    values: values.map(([, value]) => wellFormed(value)),
                    // The query has nothing else than the filters and what it has without filters.
                    rest: withoutStrings(withNames(query, selection.filters)),
                })),
            );
        }),
    );
});

const withoutStrings = (query: string) => query.replace(/"(?:[^"\\]|\\.)*"/g, '""');

/** The same query with harmless values in its filters. */
function withNames(query: string, filters: Partial<Record<Filter, string>>): string {
    const harmless = { ...SELECTION, filters: Object.fromEntries(Object.keys(filters).map((filter) => [filter, "x"])) };
    const all = { ...trafficQueries(harmless), detail: detailQueries(harmless) };
    return (
        [all.requests, all.bytes, ...Object.values(all.detail)].find(
            (other) => withoutStrings(other) === withoutStrings(query),
        ) ?? ""
    );
}

it("this test detects an injection", () => {
    expect(isPromql('sum(rate(a{b="c"}[5m])) or vector(1')).toBe(false);
});

it("quotes values in ASCII", () => {
    fc.assert(
        fc.property(anyName, (name) => {
            expect(goQuote(name, { ascii: true })).toMatch(/^"[ -~]*"$/);
            expect(unquote(goQuote(name, { ascii: true }))).toBe(wellFormed(name));
        }),
    );
});

it.each([
    ["5m", 300_000],
    ["15s", 15_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1d", 86_400_000],
    ["2w", 1_209_600_000],
    ["1y", 31_536_000_000],
    ["0s", 0],
])("the duration %s has %i milliseconds", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
});

it.each([
    "",
    "5",
    "m",
    "5M",
    "-5m",
    "1.5h",
    " 5m",
    "5m ",
    "5m\n",
    "30m1h",
    "5m5m",
    "1e3s",
    "٥m",
    "300y",
    "99999999999999999999s",
    "5m] or x[",
])("%j is not a duration", (text) => {
    expect(parseDuration(text)).toBeUndefined();
});
