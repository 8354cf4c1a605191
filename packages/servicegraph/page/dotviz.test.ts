import fc from "fast-check";
import type { Mesh } from "../graph/mesh";
import { readPageParameters } from "../parameters";
import { anyName, HOSTILE_NAMES } from "../testing/names";
import { elementsIn, parseXml, textOf, type XmlElement } from "../testing/xml";
import { escapeMarkup } from "../text/markup";
import { dotvizError, dotvizPage } from "./dotviz";

const parameters = (query = "") => readPageParameters(new URLSearchParams(query));
const at = new Date("2026-01-02T03:04:05.678Z");
const draw = (mesh: Mesh, query = "", missing: string[] = []) =>
    dotvizPage(mesh, { missing, at, parameters: parameters(query) });

const node = (app: string, namespace = "default") => ({
    name: `${app} (${app}-v1)`,
    app,
    workload: `${app}-v1`,
    namespace,
});
const withClass = (page: XmlElement, name: string) =>
    elementsIn(page).filter(({ attributes }) => attributes.get("class")?.split(" ").includes(name));
const titleOf = (element: XmlElement) => elementsIn(element).find(({ name }) => name === "title");

const BOOKINFO: Mesh = {
    nodes: [node("details"), node("productpage"), node("reviews"), node("gateway", "istio-system")],
    edges: [
        { source: 1, target: 0, requestsPerSecond: 1.5, errorRatio: 0, p95Milliseconds: 12.34, mutualTls: "all" },
        { source: 1, target: 2, requestsPerSecond: 1, errorRatio: 0.25, p95Milliseconds: 1500, mutualTls: "some" },
        { source: 2, target: 1, requestsPerSecond: 1, errorRatio: 0.01, mutualTls: "none" },
        { source: 3, target: 1, bytesPerSecond: 2048, mutualTls: undefined },
        { source: 2, target: 2, requestsPerSecond: 0, mutualTls: "all" },
        {
            source: 2,
            target: 0,
            requestsPerSecond: 2,
            errorRatio: 0,
            refusedRatio: 0.03,
            injectedRatio: 0.12,
            mutualTls: "all",
        },
    ],
};

/** A name without the characters that XML cannot contain. */
const shown = (name: string) => textOf(parseXml(`<a>${escapeMarkup(name)}</a>`));

it("draws every node, edge and namespace with its figures", () => {
    const page = parseXml(draw(BOOKINFO));
    expect(withClass(page, "node").map((one) => textOf(titleOf(one) ?? one))).toEqual(
        BOOKINFO.nodes.map(({ name, namespace }) => `${name}\nnamespace ${namespace}`),
    );
    expect(withClass(page, "cluster").map(textOf)).toEqual([
        "defaultnamespace default",
        "istio-systemnamespace istio-system",
    ]);
    expect(
        withClass(page, "edge")
            .map((one) => textOf(titleOf(one) ?? one))
            .sort(),
    ).toEqual([
        "gateway (gateway-v1) → productpage (productpage-v1)\n2.05 kB/s",
        "productpage (productpage-v1) → details (details-v1)\n1.5 req/s, 0 % errors, p95 12.3 ms, mutual TLS",
        "productpage (productpage-v1) → reviews (reviews-v1)\n1 req/s, 25 % errors, p95 1.5 s, mutual TLS in part",
        "reviews (reviews-v1) → details (details-v1)\n2 req/s, 0 % errors, 12 % injected, 3 % refused, mutual TLS",
        "reviews (reviews-v1) → productpage (productpage-v1)\n1 req/s, 1 % errors, plain text",
        "reviews (reviews-v1) → reviews (reviews-v1)\n0 req/s, mutual TLS",
    ]);
    const drawn = (health: string) =>
        withClass(page, "edges").find((one) => one.name === "g" && one.attributes.get("class") === `edges ${health}`);
    for (const health of ["healthy", "stopped", "failing", "degraded", "unknown", "idle"]) {
        expect(withClass(drawn(health) ?? page, "edge")).toHaveLength(1);
    }
});

it("writes what was refused or not sent on the edge, in its own colour", () => {
    const lines = withClass(parseXml(draw(BOOKINFO)), "facts").flatMap((label) => withClass(label, "stopped"));
    expect(lines.map(textOf)).toEqual(["12 % injected, 3 % refused"]);
});

/** The rows of the table's body, as text. */
function rowsOf(page: string): string[] {
    const body = elementsIn(parseXml(page)).find(({ name }) => name === "tbody");
    return (body?.children ?? []).flatMap((child) => (typeof child === "string" ? [] : [textOf(child)]));
}

it("shows the edges with most errors first in the table", () => {
    expect(rowsOf(draw(BOOKINFO))).toEqual([
        "productpage (productpage-v1)defaultreviews (reviews-v1)default1 req/s25 %1.5 smutual TLS in part",
        "reviews (reviews-v1)defaultproductpage (productpage-v1)default1 req/s1 %plain text",
        "reviews (reviews-v1)defaultdetails (details-v1)default2 req/s0 %12 % injected, 3 % refusedmutual TLS",
        "productpage (productpage-v1)defaultdetails (details-v1)default1.5 req/s0 %12.3 msmutual TLS",
        "gateway (gateway-v1)istio-systemproductpage (productpage-v1)default2.05 kB/s",
        "reviews (reviews-v1)defaultreviews (reviews-v1)default0 req/smutual TLS",
    ]);
});

it("shows edges without figures after the others, and never NaN", () => {
    const rates = [NaN, 1, NaN, 3, Infinity, NaN, 2, -1];
    const edges = rates.map((requestsPerSecond, target) => ({
        source: 0,
        target,
        requestsPerSecond,
        mutualTls: undefined,
    }));
    const page = draw({ nodes: rates.map((_, index) => node(`n${index}`)), edges });
    expect(page).not.toContain("NaN");
    expect(rowsOf(page).map((row) => row.replace(/^.*default/, ""))).toEqual([
        "∞ req/s",
        "3 req/s",
        "2 req/s",
        "1 req/s",
        ...["no data", "no data", "no data"],
        "-1 req/s",
    ]);
});

it("is well-formed and shows every name as text, with any names", () => {
    const anyMesh = fc
        .uniqueArray(fc.record({ app: anyName, workload: anyName, namespace: anyName }), { minLength: 1, maxLength: 6 })
        .chain((names) => {
            const index = fc.integer({ min: 0, max: names.length - 1 });
            return fc.record({
                nodes: fc.constant(names.map((one) => ({ ...one, name: `${one.app} (${one.workload})` }))),
                edges: fc.array(
                    fc.record({
                        source: index,
                        target: index,
                        requestsPerSecond: fc.option(fc.double(), { nil: undefined }),
                        errorRatio: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
                        refusedRatio: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
                        unsentRatio: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
                        p95Milliseconds: fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined }),
                        bytesPerSecond: fc.option(fc.double(), { nil: undefined }),
                        mutualTls: fc.constantFrom("all" as const, "some" as const, "none" as const, undefined),
                    }),
                    { maxLength: 8 },
                ),
            });
        });
    const harmless = tagsOf(draw(BOOKINFO, "source_workload=a"));
    fc.assert(
        fc.property(anyMesh, anyName, (mesh, filter) => {
            const page = parseXml(draw(mesh, new URLSearchParams({ source_workload: filter }).toString(), [filter]));
            expect(withClass(page, "node").map((one) => textOf(titleOf(one) ?? one))).toEqual(
                mesh.nodes.map(({ name, namespace }) =>
                    namespace ? `${shown(name)}\nnamespace ${shown(namespace)}` : shown(name),
                ),
            );
            // No element or attribute comes from a name.
            const elements = elementsIn(page);
            expect(elements.filter(({ name }) => !harmless.has(name))).toEqual([]);
            expect(
                elements.flatMap(({ name, attributes }) =>
                    [...attributes.keys()].filter(
                        (key) => /^on|^style$|href/.test(key) && !["use", "a", "link"].includes(name),
                    ),
                ),
            ).toEqual([]);
        }),
    );
});

/** The names of all elements of a page, and of those that only some pages have. */
function tagsOf(page: string): Set<string> {
    return new Set([...elementsIn(parseXml(page)).map(({ name }) => name), "pre", "ul", "li", "p", "h2"]);
}

it("says how to send traffic if the mesh has no traffic, and what may hide it", () => {
    const page = draw({ nodes: [], edges: [] }, "filter_empty=true&source_workload=x&time_horizon=30s");
    const text = textOf(parseXml(page));
    expect(text).toContain("No traffic in the last 30s");
    expect(text).toContain("npx bookinfo load --requests 100 --concurrency 4");
    expect(text).toMatch(/filters.*Edges without traffic are hidden/s);
    expect(textOf(parseXml(draw({ nodes: [], edges: [] })))).not.toContain("filters");
});

it("says which metrics are missing, and why", () => {
    expect(textOf(parseXml(draw(BOOKINFO, "", ["latency: too slow"])))).toMatch(
        /Some metrics are unavailable:.*latency: too slow/s,
    );
});

it("loads only its own files, has no script, and loads again as requested", () => {
    const elements = elementsIn(parseXml(draw(BOOKINFO, "refresh=60")));
    const urls = elements.flatMap(({ attributes }) =>
        ["href", "src", "action"].flatMap((name) => attributes.get(name) ?? []),
    );
    expect(urls.filter((url) => !url.startsWith("#")).sort()).toEqual([
        "d3graph",
        "dotgraph",
        "dotviz",
        "dotviz?at=2026-01-02T02%3A59%3A05Z&refresh=60",
        "dotviz?compare=2026-01-02T02%3A59%3A05Z&refresh=60",
        "favicon.svg",
        "force/forcegraph.html",
        "mesh.css",
    ]);
    expect(elements.filter(({ name }) => ["script", "style", "iframe", "img"].includes(name))).toEqual([]);
    const refresh = elements.find(({ attributes }) => attributes.get("http-equiv") === "refresh");
    expect(refresh?.attributes.get("content")).toBe("60");
    expect(textOf(parseXml(draw(BOOKINFO, "refresh=60")))).toContain("loads again every 60 s");
});

it("loads again only if requested, so that the form keeps what is typed", () => {
    expect(draw(BOOKINFO)).not.toContain("http-equiv");
    expect(dotvizError("x", 502, parameters())).not.toContain("http-equiv");
    const selected = elementsIn(parseXml(draw(BOOKINFO))).filter(({ attributes }) => attributes.has("selected"));
    expect(selected.map(textOf)).toEqual(["never"]);
});

it("keeps the parameters in its form and its links", () => {
    const query = "time_horizon=1h&filter_empty=true&source_namespace=%22%3E%3Cb%3E";
    const page = parseXml(draw(BOOKINFO, query));
    const inputs = elementsIn(page).filter(({ name }) => name === "input");
    expect(inputs.map(({ attributes }) => [attributes.get("name"), attributes.get("value")])).toEqual(
        expect.arrayContaining([
            ["time_horizon", "1h"],
            ["source_namespace", '"><b>'],
        ]) as unknown[],
    );
    const links = elementsIn(page).filter(({ name }) => name === "a");
    expect(links.map(({ attributes }) => attributes.get("href"))).toContain(`dotgraph?${query}`);
});

/** The addresses that the lists at the top link to. */
const listed = (page: XmlElement) =>
    withClass(page, "attention").flatMap((one) =>
        elementsIn(one).flatMap(({ name, attributes }) => (name === "a" ? (attributes.get("href") ?? []) : [])),
    );
const idsOf = (page: XmlElement) => elementsIn(page).flatMap(({ attributes }) => attributes.get("id") ?? []);

it("lists edges with trouble first, with links to their lines, also with any names", () => {
    const first = parseXml(draw(BOOKINFO));
    expect(
        withClass(first, "attention")
            .flatMap(elementsIn)
            .filter(({ name }) => name === "h2")
            .map(textOf),
    ).toEqual(["1 edge failing, 1 edge with some errors, 1 edge with requests refused, injected or not sent"]);
    for (const name of ["reviews", ...HOSTILE_NAMES]) {
        const page = parseXml(draw({ ...BOOKINFO, nodes: [...BOOKINFO.nodes.slice(0, 2), node(name), node("last")] }));
        const ids = listed(page).map((href) => decodeURIComponent(href.slice(1)));
        expect([ids.length, ids.filter((id) => !idsOf(page).includes(id))]).toEqual([3, []]);
    }
});

it("links from a folded drawing to one in which the edge is drawn", () => {
    const nodes = Array.from({ length: 60 }, (_, index) => node(`n${index}`, `space ${index % 3}/&`));
    const edges = nodes.slice(1).map((_, index) => ({
        source: index,
        target: index + 1,
        requestsPerSecond: 1,
        errorRatio: index === 7 ? 0.5 : 0,
        mutualTls: undefined,
    }));
    const [href = ""] = listed(parseXml(draw({ nodes, edges }, "time_horizon=1h")));
    const { pathname, searchParams, hash } = new URL(href, "http://localhost");
    expect([pathname, searchParams.get("time_horizon")]).toEqual(["/dotviz", "1h"]);
    expect(searchParams.getAll("open")).toEqual(["space 1/&", "space 2/&"]);
    const opened = parseXml(draw({ nodes, edges }, searchParams.toString()));
    expect(withClass(opened, "failing").flatMap(idsOf)).toContain(decodeURIComponent(hash.slice(1)));
    // The form keeps what is open.
    const hidden = elementsIn(opened).filter(({ attributes }) => attributes.get("type") === "hidden");
    expect(hidden.map(({ attributes }) => attributes.get("value"))).toEqual(["space 1/&", "space 2/&"]);
    expect(
        withClass(opened, "cluster")
            .flatMap(elementsIn)
            .filter(({ name }) => name === "a"),
    ).toHaveLength(2);
});

it("gives every field its own name", () => {
    const labels = elementsIn(parseXml(draw(BOOKINFO))).filter(({ name }) => name === "label");
    const names = labels.map((label) => label.children.find((child) => typeof child === "string") ?? textOf(label));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(["From workload", "To workload", "At", "Compare with"]));
});

it("explains an error, and loads again unless a parameter is invalid", () => {
    for (const reason of HOSTILE_NAMES) {
        const page = parseXml(dotvizError(reason, 502, parameters()));
        expect(textOf(page)).toContain(shown(reason));
    }
    expect(dotvizError("x", 502, parameters("refresh=5"))).toContain("http-equiv");
    expect(dotvizError("x", 400, parameters("refresh=5"))).not.toContain("http-equiv");
});
