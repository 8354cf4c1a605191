import { document, legend, MAKE_TRAFFIC, WAIT_FOR_TRAFFIC } from "../page/document";
import { form } from "../page/form";

const link = (href: string, text: string) => `<a data-view="" href="${href}">${text}</a>`;

const button = (id: string, text: string, name = text) =>
    `<button type="button" class="plain" id="${id}" aria-label="${name}">${text}</button>`;

/** `forcegraph.html`: the page around the live graph. Its script fills in the form and everything that changes. */
export function forcegraphPage(): string {
    return document({
        title: "Istio Service Graph",
        root: "../",
        head: `<link rel="stylesheet" href="forcegraph.css"/>\n<script src="forcegraph.js" defer="defer"></script>\n`,
        summary: `<p class="summary" id="summary"><span id="count" role="status">Loading …</span> <span id="time"></span></p>`,
        views: [link("../dotviz", "Drawing"), link("../dotgraph", "DOT"), link("../d3graph", "JSON")],
        form: form({
            action: "forcegraph.html",
            raw: new URLSearchParams(),
            buttons: `<button type="button" class="plain" id="pause" aria-pressed="false">Pause</button>`,
        }),
        main: `<noscript><div class="notice"><p>The live graph needs JavaScript. <a href="../dotviz">The drawing</a> shows the same without it.</p></div></noscript>
<div class="notice" id="notice" role="alert" hidden="hidden"></div>
<div class="notice" id="empty" role="alert" hidden="hidden"><h2>No traffic yet</h2>${MAKE_TRAFFIC}<p>${WAIT_FOR_TRAFFIC}</p></div>
<div id="graph-area" hidden="hidden">
<div class="tools">
<form id="search" role="search"><label>Find a workload<input type="search" id="find" spellcheck="false" autocomplete="off"/></label><button class="plain">Find</button>
<p class="summary" id="found" role="status"></p></form>
${button("zoom-out", "−", "Zoom out")}${button("zoom-in", "+", "Zoom in")}${button("fit", "Fit")}${button("fold", "Fold all")}${button("unfold", "Open all")}
</div>
<div class="stage">
<div class="graph" id="graph"></div>
<aside id="info" aria-labelledby="info-title" hidden="hidden">
<button type="button" class="plain" id="close">Close</button>
<h2 id="info-title" tabindex="-1"></h2>
<p class="summary" id="info-namespace"></p>
<div id="details"></div>
</aside>
</div>
<p class="hint" id="keys">Arrow keys move between workloads and namespaces. Enter shows the traffic of a workload, and opens or folds a namespace. Escape closes.
Plus and minus zoom, and 0 shows the whole graph. The table below has the same data. <span id="omitted"></span></p>
${legend()}
<section><h2 id="table-title">Edges</h2><div id="table"></div></section>
</div>`,
    });
}
