import { parser } from "@prometheus-io/lezer-promql";
import fc from "fast-check";
import { anyName } from "../testing/names";
import { unquote } from "../testing/dot";
import { goQuote } from "../text/goText";
import { wellFormed } from "../text/wellFormed";
import { parseDuration } from "./duration";
import { detailQueries, FILTERS, type Filter, interventionOf, trafficQueries } from "./queries";

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

it.each([
    ["FI", "injected"],
    ["DI,FI", "injected"],
    ["UO", "unsent"],
    ["UF,URX", "unsent"],
    ["NR", "unsent"],
    ["DI", "delayed"],
    // Sent, and nobody waited for the answer; rate limited; other flags with the same letters.
    ["UT", undefined],
    ["RL", undefined],
    ["NFCF", undefined],
    ["-", undefined],
])("the caller's proxy with the flags %s: %s", (flags, expected) => {
    expect(interventionOf(flags)).toBe(expected);
    // Prometheus' regular expressions match whole values.
    const [, pattern = ""] = /response_flags=~"([^"]+)"/.exec(detailQueries(SELECTION).interventions) ?? [];
    expect(new RegExp(`^(?:${pattern})$`).test(flags)).toBe(expected !== undefined);
});

it("counts no request both as failed and as refused, and every status of gRPC once", () => {
    const { failures, refusals } = detailQueries(SELECTION);
    const isIn = (query: string, code: string, grpc: string) =>
        [...query.matchAll(/\{([^}]*)\}/g)].some(([, matchers = ""]) =>
            [...matchers.matchAll(/(response_code|grpc_response_status)(=~|!~)"([^"]*)"/g)].every(
                ([, label, operator, pattern = ""]) =>
                    new RegExp(`^(?:${pattern})$`).test(label === "response_code" ? code : grpc) ===
                    (operator === "=~"),
            ),
        );
    const found = (code: string, grpc = "") => [isIn(failures, code, grpc), isIn(refusals, code, grpc)];
    for (const [codes, expected] of [
        [
            ["0", "500", "503"],
            [true, false],
        ],
        [
            ["401", "403", "429"],
            [false, true],
        ],
        [
            ["200", "302", "404"],
            [false, false],
        ],
    ] as const) {
        expect(codes.map((code) => [code, found(code)])).toEqual(codes.map((code) => [code, expected]));
    }
    const statuses = Array.from({ length: 17 }, (_, status) => [status, ...found("200", String(status))]);
    expect(statuses).toEqual(
        statuses.map(([status]) => [
            status,
            ![0, 7, 8, 16].includes(Number(status)),
            [7, 8, 16].includes(Number(status)),
        ]),
    );
    expect(found("503", "7")).toEqual([true, false]);
    expect(found("403", "7")).toEqual([false, true]);
    expect(found("403", "14")).toEqual([false, true]);
});

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

it("takes for copies what only the destination's proxy counted, of sources whose proxy counts", () => {
    const { copies } = detailQueries({ ...SELECTION, filters: { destination_workload: "reviews-v3" } });
    const [, received, sent, ...others] = copies.split("(istio_requests_total{reporter=");
    const selector = (part = "") => part.slice(part.indexOf(","), part.indexOf("}"));
    // The same requests of both, without failures, after which a proxy tries again.
    expect([received, sent].map((part) => part?.split(",")[0])).toEqual(['"destination"', '"source"']);
    expect(selector(received)).toContain('destination_workload="reviews-v3",response_code!~"0|5.."');
    expect(selector(sent)).toBe(selector(received));
    // A source may send copies only to this destination.
    expect(others.at(-1)).toMatch(/^"source"\}\) by \(source_workload, source_workload_namespace\)$/);
});
