import { drawMesh } from "../drawing/drawMesh";
import { factsOf, healthOf, HEALTHS, MUTUAL_TLS } from "../drawing/facts";
import type { Mesh, MeshEdge } from "../graph/mesh";
import { at } from "../layout/geometry";
import { type PageParameters, queryOf } from "../parameters";
import { escapeMarkup } from "../text/markup";
import { form } from "./form";

/** What the page may load: the server's own stylesheet and icon; no script at all. */
export const DOTVIZ_POLICY = "style-src 'self'; img-src 'self'; form-action 'self'";

/** The rows of the table; beyond that, whoever needs all of it has the JSON. */
const MOST_ROWS = 500;

/** The page that shows the mesh. */
export function dotvizPage(mesh: Mesh, { missing, at, parameters }: DotvizArgs): string {
    const { nodes, edges } = mesh;
    const again = parameters.refresh > 0 ? `, loads again every ${parameters.refresh} s` : "";
    const summary = `${countOf(nodes.length, "node")}, ${countOf(edges.length, "edge")} in the last ${
        parameters.selection.timeHorizon
    }, at ${at.toISOString().slice(11, 19)} UTC${again}`;
    const body =
        nodes.length === 0 ? empty(parameters) : `<div class="graph" tabindex="0">${drawMesh(mesh)}</div>${key()}`;
    return document({
        parameters,
        summary,
        main: [missing.length > 0 ? missingNotice(missing) : "", body, edges.length > 0 ? table(mesh) : ""].join("\n"),
        refresh: parameters.refresh,
    });
}

export interface DotvizArgs {
    /** Why details are missing: sentences. */
    missing: string[];
    /** The moment that is shown. */
    at: Date;
    parameters: PageParameters;
}

/** The page that says why there is nothing to show. It asks again by itself, but not for what can never be answered. */
export function dotvizFault(message: string, status: number, parameters: PageParameters): string {
    const title = FAULTS[status] ?? "Prometheus does not answer";
    const again = status === 400 ? 0 : parameters.refresh;
    const hint = again > 0 ? `<p>This page asks again every ${again} s.</p>` : "";
    return document({
        parameters,
        summary: "",
        main: `<div class="notice fault" role="alert"><h2>${title}</h2><p>${escapeMarkup(message)}</p>${hint}</div>`,
        refresh: again,
    });
}

const FAULTS: Partial<Record<number, string>> = { 400: "This cannot be asked", 503: "This is too much to ask" };

function document(args: { parameters: PageParameters; summary: string; main: string; refresh: number }): string {
    const { parameters, summary, main, refresh } = args;
    // The same traffic; how often this page is loaded is nothing to the others.
    const query = queryOf(parameters.selection);
    const link = (path: string, text: string) => `<a href="${path}${escapeMarkup(query && `?${query}`)}">${text}</a>`;
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
${refresh > 0 ? `<meta http-equiv="refresh" content="${refresh}"/>\n` : ""}<title>Istio Servicegraph</title>
<link rel="icon" href="favicon.svg"/>
<link rel="stylesheet" href="mesh.css"/>
</head>
<body>
<header>
<h1>Istio service graph</h1>
<p class="summary">${escapeMarkup(summary)}</p>
<nav aria-label="Other views">${link("force/forcegraph.html", "Live graph")} ${link("dotgraph", "DOT")} ${link("d3graph", "JSON")}</nav>
</header>
${form(parameters)}
<main>
${main}
</main>
</body>
</html>
`;
}

function empty({ selection: { timeHorizon, filterEmpty, filters } }: PageParameters): string {
    const reasons = [
        Object.values(filters).some(Boolean) && "The filters above may leave nothing; clear them.",
        filterEmpty && "Edges without traffic are hidden; show them.",
        "The time horizon may be too short for the last traffic; choose a longer one, such as 1h.",
        "New traffic appears when Prometheus has fetched the proxies' figures twice, which takes half a minute.",
    ].filter((reason) => reason !== false);
    return `<div class="notice"><h2>No traffic in the last ${escapeMarkup(timeHorizon)}</h2>
<p>The graph is made of requests between workloads of the mesh, and Prometheus knows of none. Make some:</p>
<pre>npm run load -- --requests 100 --concurrency 4</pre>
<p>or, through the ingress gateway:</p>
<pre>for i in $(seq 100); do curl -s -o /dev/null http://EXTERNAL-IP/productpage; done</pre>
<ul>${reasons.map((reason) => `<li>${escapeMarkup(reason)}</li>`).join("")}</ul></div>`;
}

function missingNotice(missing: string[]): string {
    const reasons = missing.map((reason) => `<li>${escapeMarkup(reason)}</li>`).join("");
    return `<div class="notice"><p>Some figures could not be had:</p><ul>${reasons}</ul></div>`;
}

function key(): string {
    const line = (health: string) =>
        `<svg class="edges ${health}" width="36" height="10" aria-hidden="true"><path d="M1 5H35" stroke-width="2.5"/></svg>`;
    const lock = (kind: string) =>
        `<svg class="lock-${kind}" width="14" height="14" aria-hidden="true"><use href="#lock-${kind}"/></svg>`;
    const items = [
        ...Object.entries(HEALTHS).map(([health, words]) => line(health) + words),
        ...Object.entries(MUTUAL_TLS).map(([kind, words]) => lock(kind) + words),
    ];
    return `\n<ul class="key" aria-label="Legend">${items.map((item) => `<li>${item}</li>`).join("")}</ul>`;
}

/** The figures of the edges in words; of very many, those that matter most. */
function table({ nodes, edges }: Mesh): string {
    const rows = [...edges].sort(byImportance).slice(0, MOST_ROWS);
    const omitted = edges.length - rows.length;
    const name = (index: number) => {
        const { name, namespace } = at(nodes, index);
        return `<td><bdi>${escapeMarkup(name)}</bdi>${namespace && `<small><bdi>${escapeMarkup(namespace)}</bdi></small>`}</td>`;
    };
    const figures = (edge: MeshEdge) => {
        const { traffic, errors, latency, mutualTls } = factsOf(edge);
        const cell = (text: string, type: string) => `<td class="${type}">${escapeMarkup(text)}</td>`;
        return [
            cell(traffic, "number"),
            cell(errors.replace(" errors", ""), `number ${healthOf(edge)}`),
            cell(latency.replace("p95 ", ""), "number"),
            cell(mutualTls, "words"),
        ].join("");
    };
    return `<section>
<h2>${omitted > 0 ? `The ${rows.length} edges with most errors and traffic, of ${edges.length}` : "Edges"}</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="number">Traffic</th><th scope="col" class="number">Errors</th>
<th scope="col" class="number">Latency (p95)</th><th scope="col">Encryption</th></tr></thead>
<tbody>
${rows.map((edge) => `<tr>${name(edge.source)}${name(edge.target)}${figures(edge)}</tr>`).join("\n")}
</tbody></table></div>
</section>`;
}

function byImportance(a: MeshEdge, b: MeshEdge): number {
    return (
        known(b.errorRatio) - known(a.errorRatio) ||
        known(b.requestsPerSecond) - known(a.requestsPerSecond) ||
        known(b.bytesPerSecond) - known(a.bytesPerSecond) ||
        a.source - b.source ||
        a.target - b.target
    );
}

/** A figure to sort by: no order holds that has NaN in it. */
const known = (figure = 0) => (Number.isNaN(figure) ? 0 : figure);

function countOf(count: number, noun: string): string {
    return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
