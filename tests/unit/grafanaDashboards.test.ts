import { dashboards, HOME } from "../../components/addons/grafana/dashboards/dashboards";
import { PROMETHEUS } from "../../components/addons/grafana/datasource";
import { scrapeJobs } from "../../components/addons/scrapeConfig";
import { contentOf, DASHBOARDS, QUERIES, type Variable } from "./grafanaDashboards";
import { ISTIO_METRICS, TARGET } from "./istioMetrics";
import { checkQuery, interpolate } from "./promql";

/** Grafana's built-in variables. */
const BUILT_IN = ["__data", "__range", "__rate_interval", "__url_time_range"];

function queryOf({ query }: Variable): string {
    return typeof query === "string" ? query : query.query;
}

test("there are four dashboards, with addresses that never change", () => {
    expect(Object.fromEntries(DASHBOARDS.map(({ file, uid, title }) => [file, [uid, title]]))).toEqual({
        "mesh.json": ["istio-mesh", "Istio mesh"],
        "service.json": ["istio-service", "Istio service"],
        "workload.json": ["istio-workload", "Istio workload"],
        "control-plane.json": ["istio-control-plane", "Istio control plane"],
    });
    expect(Object.keys(dashboards())).toContain(HOME);
});

test("the dashboards are the same each time, and small enough for one ConfigMap", () => {
    expect(dashboards()).toEqual(dashboards());
    const size = DASHBOARDS.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0);
    // Half of a ConfigMap's limit of 1 MiB.
    expect(size).toBeLessThan(512 * 1024);
});

describe.each(DASHBOARDS)("$title", (dashboard) => {
    const { panels, templating, uid, title, description, tags, links, editable, json } = dashboard;

    it("follows Grafana's rules", () => {
        expect(uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
        expect([title, description].every((text) => text.length > 0)).toBe(true);
        expect(editable).toBe(false);
        // The links find the other dashboards by their common tag.
        expect(tags).toEqual(["istio"]);
        expect(links).toEqual([expect.objectContaining({ type: "dashboards", tags, keepTime: true })]);
    });

    it("has panels with unique ids, in separate places", () => {
        expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
        expect(panels.every(({ id }) => Number.isInteger(id) && id > 0)).toBe(true);
        const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) => {
            expect([title, x >= 0 && w > 0 && h > 0 && x + w <= 24]).toEqual([title, true]);
            return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
        });
        expect(new Set(cells).size).toBe(cells.length);
    });

    it("fills the width of its rows", () => {
        for (const top of new Set(panels.map(({ gridPos }) => gridPos.y))) {
            const row = panels.filter(({ gridPos }) => gridPos.y === top);
            const width = row.reduce((sum, { gridPos }) => sum + gridPos.w, 0);
            expect([row.map(({ title }) => title), width]).toEqual([row.map(({ title }) => title), 24]);
            expect(new Set(row.map(({ gridPos }) => gridPos.h)).size).toBe(1);
        }
    });

    it("has title, description, unit and data source for each panel", () => {
        for (const panel of contentOf(dashboard)) {
            expect(panel).toMatchObject({
                title: expect.stringMatching(/\S/) as string,
                description: expect.stringMatching(/\S.{10}/) as string,
                datasource: PROMETHEUS,
                fieldConfig: { defaults: { unit: expect.stringMatching(/\S/) as string } },
            });
            expect(panel.targets).not.toEqual([]);
            expect(panel.targets?.map(({ refId }) => refId)).toEqual(
                panel.targets?.map((_, i) => String.fromCharCode("A".charCodeAt(0) + i)),
            );
            for (const { datasource, instant, range } of panel.targets ?? []) {
                expect([panel.title, datasource]).toEqual([panel.title, PROMETHEUS]);
                expect([panel.title, instant, range]).toEqual([
                    panel.title,
                    panel.type !== "timeseries",
                    panel.type === "timeseries",
                ]);
            }
        }
    });

    it("defines every variable that it uses, and uses every variable that it defines", () => {
        const defined = templating.list.map(({ name }) => name);
        const used = new Set(interpolate(JSON.stringify([panels, templating.list.map(queryOf)])).variables);
        expect([...used].filter((name) => !BUILT_IN.includes(name)).sort()).toEqual([...new Set(defined)].sort());
        expect(new Set(defined).size).toBe(defined.length);
    });

    it("compares variables with several values by =~, and those with one value by =", () => {
        for (const { name, multi } of templating.list) {
            const comparisons = [...json.matchAll(new RegExp(String.raw`(=~|!~|!=|=)\\*"\$\{?${name}\b`, "g"))];
            // A pattern may continue after the value, like that of a workload's pods.
            const whole = comparisons.filter(({ 0: text, index }) => /^\}?\\*"/.test(json.slice(index + text.length)));
            expect(whole).not.toEqual([]);
            expect([name, ...new Set(whole.map(([, operator]) => operator))]).toEqual([name, multi ? "=~" : "="]);
        }
    });
});

describe("every query", () => {
    it.each(QUERIES)("of $name is PromQL over what Istio exports: $target.expr", ({ panel, target }) => {
        const checked = checkQuery(interpolate(target.expr).text, ISTIO_METRICS);
        expect(checked.errors).toEqual([]);
        expect(checked.metrics).not.toEqual([]);
        // Grafana shows nothing for a label that the result does not have.
        const named = [...(target.legendFormat ?? "").matchAll(/\{\{\s*(.*?)\s*\}\}/g)].map(([, label]) => label);
        expect(checked.resultLabels).toEqual(expect.arrayContaining(named));
        if (panel.type === "table") {
            expect(target.format).toBe("table");
        }
    });

    it("of copies takes what only the servers' proxies counted, from clients whose proxies count", () => {
        const copies = QUERIES.filter(({ target }) => target.legendFormat?.startsWith("mirrored"));
        expect(new Set(copies.map(({ dashboard }) => dashboard.uid)).size).toBe(3);
        for (const { target } of copies) {
            const [, received, sent] = target.expr.split("(istio_requests_total{reporter=");
            expect([received, sent].map((part) => part?.split(",")[0])).toEqual(['"destination"', '"source"']);
            // The same requests of both, without failures, after which a client tries again.
            const selector = (part = "") => part.slice(part.indexOf(","), part.indexOf("}"));
            expect(selector(sent)).toBe(selector(received));
            expect(selector(sent)).toContain('response_code!~"0|5.."');
            expect(target.expr).toMatch(/ and on \(source_workload, \w+\) group by .+\{reporter="source"\}\)\)$/);
        }
    });

    it("of what the clients' proxies did not send selects it as they report it", () => {
        const unsent = QUERIES.filter(({ target }) => target.expr.includes(`response_flags=~"(.*,)?`));
        // Without a fixed reporter, the default would hide them.
        expect([...new Set(unsent.map(({ dashboard }) => dashboard.uid))]).toEqual([
            "istio-mesh",
            "istio-service",
            "istio-workload",
        ]);
        for (const { name, target } of unsent) {
            // The server's proxy never saw the request, so these are "unknown".
            expect([name, target.expr]).toEqual([
                name,
                expect.not.stringMatching(/destination_(workload|service_namespace)/),
            ]);
            const pattern = /destination_service=~"([^"]+)"/.exec(target.expr)?.[1] ?? ".*";
            const selects = (host: string, namespace: string) =>
                new RegExp(`^(?:${pattern.replace("$namespace", namespace).replace("$service", "reviews")})$`).test(
                    host,
                );
            expect([name, selects("reviews.default.svc.cluster.local", "default")]).toEqual([name, true]);
            if (name.startsWith("Istio mesh")) {
                expect(selects("unknown", ".*")).toBe(true);
                expect(selects("reviews.other.svc.cluster.local", "(default|mine)")).toBe(false);
            }
        }
    });

    it("is checked", () => {
        expect(QUERIES.length).toBeGreaterThan(150);
    });
});

describe.each(QUERIES.filter(({ panel, target }) => panel.type === "stat" && target.expr.startsWith("sum by")))(
    "the figure $name",
    ({ panel, target }) => {
        it("names each of its numbers", () => {
            expect(target.legendFormat).toMatch(/\{\{/);
            expect(panel).toMatchObject({ options: { textMode: "value_and_name" } });
        });
    },
);

describe.each(
    DASHBOARDS.flatMap((dashboard) =>
        contentOf(dashboard)
            .filter(({ type }) => type === "table")
            .map((panel) => ({ panel, name: `${dashboard.title}: ${panel.title}` })),
    ),
)("the table $name", ({ panel }) => {
    const headings = panel.transformations?.find(({ id }) => id === "organize")?.options.renameByName ?? {};
    const overrides = panel.fieldConfig?.overrides ?? [];

    it("joins rows by labels of all its queries, and has a heading for each of them", () => {
        const results = (panel.targets ?? []).map(({ refId, expr }) => ({
            value: `Value #${refId}`,
            labels: checkQuery(interpolate(expr).text, ISTIO_METRICS).resultLabels.sort(),
        }));
        for (const { labels } of results) {
            expect(labels).toEqual(results[0]?.labels);
        }
        expect(Object.keys(headings).sort()).toEqual(
            [...(results[0]?.labels ?? []), ...results.map(({ value }) => value)].sort(),
        );
        expect(new Set(Object.values(headings)).size).toBe(Object.keys(headings).length);
    });

    it("gives each number a unit, by its heading", () => {
        const numbers = Object.entries(headings).filter(([field]) => field.startsWith("Value #"));
        for (const [, heading] of numbers) {
            const properties = overrides
                .filter(({ matcher }) => matcher.options === heading)
                .flatMap((o) => o.properties);
            expect([heading, properties.map(({ id }) => id)]).toEqual([heading, expect.arrayContaining(["unit"])]);
        }
        for (const { matcher } of overrides) {
            expect(Object.values(headings)).toContain(matcher.options);
        }
    });

    it("links to existing dashboards, with their variables and its own headings", () => {
        const urls = overrides
            .flatMap(({ properties }) => properties)
            .filter(({ id }) => id === "links")
            .flatMap(({ value }) => (value as { url: string }[]).map(({ url }) => url));
        expect(urls).not.toEqual([]);
        for (const url of urls) {
            const [, uid, query = ""] = /^\/d\/([^?]+)\?(.*)$/.exec(url) ?? [];
            const target = DASHBOARDS.find((dashboard) => dashboard.uid === uid);
            const variables = [...query.matchAll(/var-(\w+)=\$\{__data\.fields\["([^"]+)"\]\}/g)];
            expect(variables).not.toEqual([]);
            for (const [, name, heading] of variables) {
                expect(target?.templating.list.map(({ name }) => name)).toContain(name);
                expect(Object.values(headings)).toContain(heading);
            }
            expect(query).toMatch(/&\$\{reporter:queryparam\}&\$\{__url_time_range\}$/);
        }
    });
});

describe.each(
    DASHBOARDS.flatMap(({ title, templating }) =>
        templating.list
            .filter(({ type }) => type === "query")
            .map((variable) => ({ variable, name: `$${variable.name} of ${title}` })),
    ),
)("the variable $name", ({ variable }) => {
    const query = interpolate(queryOf(variable)).text;

    it("comes from metrics and labels that Istio exports", () => {
        expect(variable).toMatchObject({ datasource: PROMETHEUS, description: expect.stringMatching(/\S/) as string });
        const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
        const [, expression = ""] = /^query_result\((.*)\)$/.exec(query) ?? [];
        if (selector) {
            expect(checkQuery(`count by (${label}) (${selector})`, ISTIO_METRICS).errors).toEqual([]);
        } else {
            expect(checkQuery(expression, ISTIO_METRICS)).toMatchObject({ errors: [], resultLabels: ["peer"] });
            // Grafana's notation of a result, from which the regular expression takes the value.
            const [, pattern = ""] = /^\/(.*)\/$/.exec(variable.regex ?? "") ?? [];
            expect(new RegExp(pattern).exec('{peer="reviews-v1"} 3 1700000000000')?.[1]).toBe("reviews-v1");
        }
    });
});

test("the labels of targets are those that the scrape configuration adds", () => {
    const jobs = scrapeJobs({ app: "default", others: [] });
    const added = jobs.map(({ relabel_configs }) => relabel_configs.map(({ target_label }) => target_label));
    for (const labels of added) {
        expect(labels).toEqual(
            expect.arrayContaining(TARGET.filter((label) => label !== "job" && label !== "instance")),
        );
    }
});

test("the check finds an invalid query", () => {
    const [{ target } = { target: { expr: "" } }] = QUERIES;
    const { text } = interpolate(target.expr);
    expect(checkQuery(text, ISTIO_METRICS).errors).toEqual([]);
    expect(checkQuery(text.slice(0, -1), ISTIO_METRICS).errors).not.toEqual([]);
    expect(checkQuery(text.replace("istio_", "itsio_"), ISTIO_METRICS).errors).not.toEqual([]);
    expect(checkQuery(text.replace("reporter", "reproter"), ISTIO_METRICS).errors).not.toEqual([]);
});
