import { drawMesh, type Links } from "../drawing/drawMesh";
import { byImportance, countOf } from "../drawing/facts";
import { byViewImportance, type View, type ViewEdge, viewEdge, viewOf } from "../drawing/view";
import type { Mesh } from "../graph/mesh";
import { at as nodeAt } from "../layout/geometry";
import { type Open, openNames, type PageParameters, queryOf, REFRESH_CHOICES } from "../parameters";
import { escapeMarkup } from "../text/markup";
import { wellFormed } from "../text/wellFormed";
import { type Attention, attentionOf, changeList, listedEdges, troubleList } from "./attention";
import { document, legend, MAKE_TRAFFIC, WAIT_FOR_TRAFFIC } from "./document";
import { form, textField } from "./form";
import { edgeTable } from "./table";
import { momentText, timeLinks } from "./times";

/** The page may load the server's own stylesheet and icon, and no script. */
export const DOTVIZ_POLICY = "style-src 'self'; img-src 'self'; form-action 'self'";

/** The rows of the table of edges. The JSON has all edges. */
const MOST_ROWS = 500;

interface DotvizArgs {
    /** Why details are missing: sentences. */
    missing: string[];
    /** The time of the metrics. */
    at: Date;
    /** The earlier moment that the mesh is compared with; undefined for none. */
    compare?: Date;
    parameters: PageParameters;
}

/** The page with the mesh. */
export function dotvizPage(mesh: Mesh, { missing, at, compare, parameters }: DotvizArgs): string {
    const { nodes } = mesh;
    const { refresh, selection, open } = parameters;
    const summary = [
        `${countOf(nodes.length, "node")}, ${countOf(mesh.edges.length, "edge")} in the last ${selection.timeHorizon}`,
        `at ${momentText(at, selection.at !== undefined || compare !== undefined)}`,
        compare && `compared with ${momentText(compare, true)}`,
        refresh > 0 && `loads again every ${refresh} s`,
    ];
    const edges = mesh.edges.map(viewEdge);
    const view = viewOf(nodes, edges, open);
    const attention = attentionOf(edges);
    const links = linksOf(mesh, view, attention, parameters);
    const compared = compare !== undefined;
    const rows = edges.toSorted(byImportance).slice(0, MOST_ROWS);
    const title =
        rows.length < edges.length
            ? `The ${rows.length} edges with most errors and traffic, of ${edges.length}`
            : "Edges";
    const main = [
        missing.length > 0 ? missingNotice(missing) : "",
        compare ? changeList(attention, mesh, momentText(compare, true), links.href) : "",
        troubleList(attention, nodes, links.href),
        nodes.length === 0
            ? emptyNotice(parameters)
            : `<section class="graph" tabindex="0" aria-label="Drawing">${drawMesh(view, links)}</section>\n${legend()}`,
        viewNotes(view, parameters),
        view.folded && view.edges.length > 0
            ? edgeTable({
                  id: "lines",
                  title: "In the drawing",
                  ...view,
                  edges: view.edges.toSorted(byViewImportance),
                  compared,
              })
            : "",
        rows.length > 0 ? edgeTable({ id: "edges", title, nodes, edges: rows, compared }) : "",
    ];
    const times = `<nav aria-label="Other moments">${timeLinks(parameters, at, new Date())}</nav>`;
    return dotvizDocument(parameters, {
        summary: summary.filter(Boolean).join(", "),
        times,
        main: main.filter(Boolean).join("\n"),
        refresh,
    });
}

/** The address of the page with other open namespaces. */
function address(parameters: PageParameters, open: Open): string {
    const query = queryOf(parameters.selection, { ...parameters, open });
    return `dotviz${query && `?${query}`}`;
}

/** Where the drawing and the lists link to. */
function linksOf(
    { nodes, edges }: Mesh,
    view: View,
    attention: Attention,
    parameters: PageParameters,
): Links & { href: (edge: ViewEdge) => string } {
    const listed = new Set(listedEdges(attention).map(({ index }) => index));
    const isOpen = (place: number) => nodeAt(view.nodes, place).folded === undefined;
    const drawn = new Set(
        view.edges.filter(({ source, target }) => isOpen(source) && isOpen(target)).map(({ index }) => index),
    );
    const open = parameters.open === "all" ? undefined : parameters.open;
    const endsOf = (index = 0) => {
        const { source, target } = nodeAt(edges, index);
        return [nodeAt(nodes, source), nodeAt(nodes, target)];
    };
    // By names, because the next answer of Prometheus may have other edges.
    const id = (index?: number) =>
        endsOf(index)
            .flatMap(({ namespace, app, workload }) => [namespace, app, workload])
            .map((name) => encodeURIComponent(wellFormed(name)))
            .join("/");
    return {
        id: ({ index }) => (index !== undefined && listed.has(index) ? id(index) : undefined),
        href: ({ index }) => {
            const namespaces = endsOf(index).map(({ namespace }) => namespace);
            const page = drawn.has(index) ? "" : address(parameters, new Set(namespaces.sort()));
            return `${page}#${encodeURIComponent(id(index))}`;
        },
        open: (namespace) => address(parameters, new Set([...(open ?? []), namespace].sort())),
        fold: (namespace) => {
            if (!open?.has(namespace)) {
                return undefined;
            }
            const rest = [...open].filter((one) => one !== namespace);
            return address(parameters, rest.length > 0 ? new Set(rest) : undefined);
        },
    };
}

/** What the drawing leaves out, and how to see it. */
function viewNotes({ folded, omitted }: View, parameters: PageParameters): string {
    const link = (open: Open, text: string) => `<a href="${escapeMarkup(address(parameters, open))}">${text}</a>`;
    const notes = [
        folded &&
            "Each pile of boxes is a namespace; a click opens it, and a click on the name of its frame folds it again.",
        omitted > 0 && `${countOf(omitted, "line")} with fewer errors and less traffic are left out.`,
        folded && link("all", "Open all namespaces"),
        parameters.open !== undefined && link(undefined, "Fold all namespaces"),
    ].filter((note) => note !== false);
    return notes.length > 0 ? `<p class="notes">${notes.join(" ")}</p>` : "";
}

const TITLES: Partial<Record<number, string>> = { 400: "Invalid parameter", 503: "Too many requests" };

/** The page with the reason why there is no graph. It reloads as the parameters say, unless a parameter is invalid. */
export function dotvizError(message: string, status: number, parameters: PageParameters): string {
    const title = TITLES[status] ?? "Prometheus does not answer";
    const refresh = status === 400 ? 0 : parameters.refresh;
    const hint = refresh > 0 ? `<p>This page loads again every ${refresh} s.</p>` : "";
    const main = `<div class="notice fault" role="alert"><h2>${title}</h2><p>${escapeMarkup(message)}</p>${hint}</div>`;
    return dotvizDocument(parameters, { summary: "", times: "", main, refresh });
}

interface Parts {
    summary: string;
    times: string;
    main: string;
    refresh: number;
}

function dotvizDocument(parameters: PageParameters, { summary, times, main, refresh }: Parts): string {
    const query = queryOf({ ...parameters.selection, compare: undefined });
    const live = queryOf({ ...parameters.selection, at: undefined, compare: undefined });
    const link = (path: string, query: string, text: string) =>
        `<a href="${path}${escapeMarkup(query && `?${query}`)}">${text}</a>`;
    return document({
        title: "Istio Servicegraph",
        root: "",
        head: refresh > 0 ? `<meta http-equiv="refresh" content="${refresh}"/>\n` : "",
        summary: `<p class="summary">${escapeMarkup(summary)}</p>${times}`,
        views: [
            link("force/forcegraph.html", live, "Live graph"),
            link("dotgraph", query, "DOT"),
            link("d3graph", query, "JSON"),
        ],
        form: form({ action: "dotviz", raw: parameters.raw, fields: fields(parameters) }),
        main,
    });
}

/** The fields that only this page has. */
function fields({ raw, refresh, open }: PageParameters): string {
    const moments = ["-5m", "-30m", "-1h", "-1d"];
    return [
        textField(raw, { name: "at", label: "At", placeholder: "now", choices: moments }),
        textField(raw, { name: "compare", label: "Compare with", placeholder: "nothing", choices: moments }),
        refreshField(refresh),
        ...openNames(open).map((name) => `<input type="hidden" name="open" value="${escapeMarkup(name)}"/>`),
    ].join("\n");
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
