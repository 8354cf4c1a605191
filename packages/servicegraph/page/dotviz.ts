import { drawMesh } from "../drawing/drawMesh";
import { countOf, factsOf, healthOf, stoppedRatio } from "../drawing/facts";
import type { Mesh, MeshEdge } from "../graph/mesh";
import { at } from "../layout/geometry";
import { type PageParameters, queryOf, REFRESH_CHOICES } from "../parameters";
import { escapeMarkup } from "../text/markup";
import { document, legend, MAKE_TRAFFIC, WAIT_FOR_TRAFFIC } from "./document";
import { form } from "./form";

/** The page may load the server's own stylesheet and icon, and no script. */
export const DOTVIZ_POLICY = "style-src 'self'; img-src 'self'; form-action 'self'";

/** The rows of the table. The JSON has all edges. */
const MOST_ROWS = 500;

interface DotvizArgs {
    /** Why details are missing: sentences. */
    missing: string[];
    /** The time of the metrics. */
    at: Date;
    parameters: PageParameters;
}

/** The page with the mesh. */
export function dotvizPage(mesh: Mesh, { missing, at, parameters }: DotvizArgs): string {
    const { nodes, edges } = mesh;
    const { refresh, selection } = parameters;
    const reload = refresh > 0 ? `, loads again every ${refresh} s` : "";
    const summary = `${countOf(nodes.length, "node")}, ${countOf(edges.length, "edge")} in the last ${
        selection.timeHorizon
    }, at ${at.toISOString().slice(11, 19)} UTC${reload}`;
    const graph = `<div class="graph" tabindex="0">${drawMesh(mesh)}</div>\n${legend()}`;
    const main = [
        missing.length > 0 ? missingNotice(missing) : "",
        nodes.length === 0 ? emptyNotice(parameters) : graph,
        edges.length > 0 ? table(mesh) : "",
    ];
    return dotvizDocument(parameters, summary, main.join("\n"), refresh);
}

const TITLES: Partial<Record<number, string>> = { 400: "Invalid parameter", 503: "Too many requests" };

/** The page with the reason why there is no graph. It reloads as the parameters say, unless a parameter is invalid. */
export function dotvizError(message: string, status: number, parameters: PageParameters): string {
    const title = TITLES[status] ?? "Prometheus does not answer";
    const refresh = status === 400 ? 0 : parameters.refresh;
    const hint = refresh > 0 ? `<p>This page loads again every ${refresh} s.</p>` : "";
    const main = `<div class="notice fault" role="alert"><h2>${title}</h2><p>${escapeMarkup(message)}</p>${hint}</div>`;
    return dotvizDocument(parameters, "", main, refresh);
}

function dotvizDocument(parameters: PageParameters, summary: string, main: string, refresh: number): string {
    const query = queryOf(parameters.selection);
    const link = (path: string, text: string) => `<a href="${path}${escapeMarkup(query && `?${query}`)}">${text}</a>`;
    return document({
        title: "Istio Servicegraph",
        root: "",
        head: refresh > 0 ? `<meta http-equiv="refresh" content="${refresh}"/>\n` : "",
        summary: `<p class="summary">${escapeMarkup(summary)}</p>`,
        views: [link("force/forcegraph.html", "Live graph"), link("dotgraph", "DOT"), link("d3graph", "JSON")],
        form: form({ action: "dotviz", raw: parameters.raw, fields: refreshField(parameters.refresh) }),
        main,
    });
}

function refreshField(refresh: number): string {
    const options = [...new Set([...REFRESH_CHOICES, refresh])]
        .sort((a, b) => a - b)
        .map((seconds) => {
            const selected = seconds === refresh ? ' selected="selected"' : "";
            return `<option value="${seconds}"${selected}>${seconds === 0 ? "never" : `every ${seconds} s`}</option>`;
        });
    const hint =
        "When the page loads again, it clears what is typed here and not sent yet; the live graph never loads again";
    return `<label>Load again<select name="refresh" title="${hint}">${options.join("")}</select></label>\n`;
}

function emptyNotice({ selection: { timeHorizon, filterEmpty, filters } }: PageParameters): string {
    const reasons = [
        Object.values(filters).some(Boolean) && "The filters above may exclude all traffic; clear them.",
        filterEmpty && "Edges without traffic are hidden; show them.",
        "The last traffic may be older than the time horizon; choose a longer one, such as 1h.",
        WAIT_FOR_TRAFFIC,
    ].filter((reason) => reason !== false);
    return `<div class="notice"><h2>No traffic in the last ${escapeMarkup(timeHorizon)}</h2>
${MAKE_TRAFFIC}
<p>or, through the ingress gateway:</p>
<pre>for i in $(seq 100); do curl -s -o /dev/null http://EXTERNAL-IP/productpage; done</pre>
<ul>${reasons.map((reason) => `<li>${escapeMarkup(reason)}</li>`).join("")}</ul></div>`;
}

function missingNotice(missing: readonly string[]): string {
    const reasons = missing.map((reason) => `<li>${escapeMarkup(reason)}</li>`).join("");
    return `<div class="notice"><p>Some metrics are unavailable:</p><ul>${reasons}</ul></div>`;
}

/** The figures of the edges as text, the most important edges first. */
function table({ nodes, edges }: Mesh): string {
    const rows = [...edges].sort(byImportance).slice(0, MOST_ROWS);
    const omitted = edges.length - rows.length;
    const name = (index: number) => {
        const { name, namespace } = at(nodes, index);
        return `<td><bdi>${escapeMarkup(name)}</bdi>${namespace && `<small><bdi>${escapeMarkup(namespace)}</bdi></small>`}</td>`;
    };
    const figures = (edge: MeshEdge) => {
        const { traffic, errors, stopped, latency, mutualTls } = factsOf(edge);
        const health = healthOf(edge);
        const cell = (text: string, type: string) => `<td class="${type}">${escapeMarkup(text)}</td>`;
        return [
            cell(traffic, "number"),
            cell(errors.replace(" errors", ""), `number ${health === "stopped" ? "healthy" : health}`),
            cell(stopped, stoppedRatio(edge) > 0 ? "words stopped" : "words"),
            cell(latency.replace("p95 ", ""), "number"),
            cell(mutualTls, "words"),
        ].join("");
    };
    return `<section>
<h2>${omitted > 0 ? `The ${rows.length} edges with most errors and traffic, of ${edges.length}` : "Edges"}</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="number">Traffic</th><th scope="col" class="number">Errors</th>
<th scope="col">Refused, not sent</th><th scope="col" class="number">Latency (p95)</th><th scope="col">Encryption</th></tr></thead>
<tbody>
${rows.map((edge) => `<tr>${name(edge.source)}${name(edge.target)}${figures(edge)}</tr>`).join("\n")}
</tbody></table></div>
</section>`;
}

function byImportance(a: MeshEdge, b: MeshEdge): number {
    return (
        sortable(b.errorRatio) - sortable(a.errorRatio) ||
        stoppedRatio(b) - stoppedRatio(a) ||
        sortable(b.requestsPerSecond) - sortable(a.requestsPerSecond) ||
        sortable(b.bytesPerSecond) - sortable(a.bytesPerSecond) ||
        a.source - b.source ||
        a.target - b.target
    );
}

/** NaN has no place in an order. */
const sortable = (figure = 0) => (Number.isNaN(figure) ? 0 : figure);
