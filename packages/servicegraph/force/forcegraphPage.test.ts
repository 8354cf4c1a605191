import { elementsIn, parseXml, textOf } from "../testing/xml";
import { forcegraphPage } from "./forcegraphPage";

const elements = elementsIn(parseXml(forcegraphPage()));
const named = (tag: string) => elements.filter(({ name }) => name === tag);

it("has the elements that the script needs", () => {
    const ids = elements.flatMap(({ attributes }) => attributes.get("id") ?? []);
    expect(ids).toEqual(
        expect.arrayContaining(["summary", "pause", "notice", "empty", "graph", "info", "close", "details"]),
    );
    expect(new Set(ids).size).toBe(ids.length);
});

it("has the parameters of the graph in its form, and links to the other views", () => {
    expect(named("input").map(({ attributes }) => attributes.get("name"))).toEqual([
        "time_horizon",
        "source_namespace",
        "source_workload",
        "destination_namespace",
        "destination_workload",
        "filter_empty",
    ]);
    const views = named("a").filter(({ attributes }) => attributes.has("data-view"));
    expect(views.map(({ attributes }) => attributes.get("href"))).toEqual(["../dotviz", "../dotgraph", "../d3graph"]);
});

it("explains the colours and padlocks, and says how to send traffic", () => {
    expect(named("ul").map(textOf).join()).toMatch(
        /no errors.*refused, injected or not sent.*some errors.*5 % errors or more.*mutual TLS/,
    );
    expect(named("pre").map(textOf)).toEqual(["npx bookinfo load --requests 100 --concurrency 4"]);
});

it("has no inline scripts or styles, which its policy forbids", () => {
    expect(named("script").map((script) => [script.attributes.get("src"), textOf(script)])).toEqual([
        ["forcegraph.js", ""],
    ]);
    expect(elements.filter(({ name, attributes }) => name === "style" || attributes.has("style"))).toEqual([]);
});
