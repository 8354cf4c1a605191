import { type Catalogue, checkQuery, interpolate } from "./promql";

const CATALOGUE: Catalogue = {
    hits_total: { type: "counter", labels: ["code", "pod"] },
    misses_total: { type: "counter", labels: ["pod"] },
    heat: { type: "gauge", labels: ["pod"] },
    wait_seconds: { type: "histogram", labels: ["pod"] },
};

const check = (query: string) => checkQuery(query, CATALOGUE);

describe.each([
    ["heat", ["pod"]],
    ["-heat", ["pod"]],
    ['heat{pod=~"a|b"} offset 5m > 3', ["pod"]],
    ["sum(rate(hits_total[5m]))", []],
    ['sum by (pod) (rate(hits_total{code!~"5.."}[5m]))', ["pod"]],
    ["sum without (code) (rate(hits_total[5m])) / rate(misses_total[5m])", ["pod"]],
    ["histogram_quantile(0.95, sum by (le, pod) (rate(wait_seconds_bucket[5m]))) >= 0", ["pod"]],
    ["rate(wait_seconds_sum[5m]) / rate(wait_seconds_count[5m])", ["pod"]],
    ["count(hits_total) or vector(0)", []],
    ["topk(3, heat)", ["pod"]],
    ["max_over_time(rate(hits_total[1m])[1h:1m])", ["code", "pod"]],
    ["heat and on (pod) misses_total", ["pod"]],
    ['count by (who) (label_replace(last_over_time(heat[1h]), "who", "$1", "pod", "(.*)"))', ["who"]],
    ['sum by (pod) (rate({__name__=~"hits_total|misses_total"}[5m]))', ["pod"]],
])("%s", (query, labels) => {
    it("is valid", () => {
        expect(check(query)).toMatchObject({ errors: [], resultLabels: expect.arrayContaining(labels) as unknown });
        expect(check(query).resultLabels).toHaveLength(labels.length);
    });
});

test.each([
    ["", "syntax error"],
    ["sum(heat", "syntax error"],
    ["sum by (pod) heat", "syntax error"],
    ["heat{pod=a}", "syntax error"],
    ["rate(hits_total[5 m])", "syntax error"],
    ["rate(hits_total[$__rate_interval])", "syntax error"],
    ['heat{pod="a', "syntax error"],
    ["heatt", "no metric heatt"],
    ['{__name__=~"heat|cold"}', "no metric cold"],
    ['{pod="a"}', "any metric"],
    ['heat{pdo="a"}', "no label pdo in heat"],
    ["sum by (code) (heat)", "no label code"],
    ["sum by (code) (sum by (pod) (rate(hits_total[5m])))", "no label code"],
    ['heat{pod=~"a("}', "not a regular expression: a("],
    ["rate(sum(hits_total)[5m])", "a range is of series"],
    ["rate(hits_total)", "is a vector, where a matrix belongs"],
    ["hits_total[5m]", "the whole is a matrix"],
    ['"heat"', "the whole is a string"],
    ["rate(heat[5m])", "rate() is for a counter"],
    ["deriv(hits_total[5m])", "deriv() is for a gauge"],
    ["hits_total", "the value of a counter says nothing"],
    ["sum(wait_seconds_bucket)", "the value of a counter says nothing"],
    ["max(heat) + sum(hits_total)", "the value of a counter says nothing"],
    ["sum(wait_seconds)", "wait_seconds is a histogram"],
    ["histogram_quantile(0.9, sum by (pod) (rate(wait_seconds_bucket[5m])))", "no label le is left"],
    ["histogram_quantile(sum by (le) (rate(wait_seconds_bucket[5m])), 0.9)", "where a scalar belongs"],
    ["histogram_quantile(0.9)", "takes 2 arguments, not 1"],
    ["sum(heat, heat)", "sum() takes one expression"],
    ["sum(rate(hits_total[5m])) / rate(misses_total[5m])", "no series match"],
    ["heat and on (code) rate(hits_total[5m])", "no label code in heat"],
    ['label_replace(heat, "who", "$1", "code", "(.*)")', "no label code in heat"],
    ["heat or 1", "or does not go with a scalar"],
    ["mad_over_time(heat[5m])", "does not know mad_over_time()"],
])("finds the error of %s", (query, error) => {
    expect(check(query).errors.join("\n")).toContain(error);
});

test("the metrics and labels of a query are returned", () => {
    const { metrics, labels } = check('sum by (pod) (rate(hits_total{code="200"}[5m])) / sum by (pod) (heat)');
    expect(metrics).toEqual(["hits_total", "heat"]);
    expect(labels.sort()).toEqual(["code", "pod"]);
});

describe("Grafana's variables", () => {
    it("become durations and words, in every notation", () => {
        expect(interpolate('m{a="$a", b=~"${b}", c="${c:regex}"}[$__rate_interval] offset $__range')).toEqual({
            text: 'm{a="x", b=~"x", c="x"}[1m] offset 30m',
            variables: ["a", "b", "c", "__rate_interval", "__range"],
        });
    });

    it("are not the groups of a regular expression", () => {
        expect(interpolate('label_replace(m, "a", "$1", "b", "(.*)$")').variables).toEqual([]);
    });
});
