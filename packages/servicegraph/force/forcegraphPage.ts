import { document, legend, MAKE_TRAFFIC, WAIT_FOR_TRAFFIC } from "../page/document";
import { form } from "../page/form";

const link = (href: string, text: string) => `<a data-view="" href="${href}">${text}</a>`;

/** `forcegraph.html`: the page around the live graph. Its script fills in the form and everything that changes. */
export function forcegraphPage(): string {
    return document({
        title: "Istio Service Graph",
        root: "../",
        head: `<link rel="stylesheet" href="forcegraph.css"/>\n<script src="forcegraph.js" defer="defer"></script>\n`,
        summary: `<p class="summary" id="summary" role="status">Loading …</p>`,
        views: [link("../dotviz", "Drawing"), link("../dotgraph", "DOT"), link("../d3graph", "JSON")],
        form: form({
            action: "forcegraph.html",
            raw: new URLSearchParams(),
            buttons: `<button type="button" class="plain" id="pause" aria-pressed="false">Pause</button>`,
        }),
        main: `<noscript><div class="notice"><p>The live graph needs JavaScript. <a href="../dotviz">The drawing</a> shows the same without it.</p></div></noscript>
<div class="notice" id="notice" role="alert" hidden="hidden"></div>
<div class="notice" id="empty" role="alert" hidden="hidden"><h2>No traffic yet</h2>${MAKE_TRAFFIC}<p>${WAIT_FOR_TRAFFIC}</p></div>
<div class="stage">
<div class="graph" id="graph"></div>
<aside id="info" aria-label="The selected workload" hidden="hidden">
<button type="button" class="plain" id="close">Close</button>
<div id="details"></div>
</aside>
</div>
<p class="hint">Drag a workload to move it; double-click it to release it. Click a workload to see its traffic. Hold Ctrl or ⌘ and turn the
wheel to zoom; double-click the background to see the whole graph. Keyboard: Tab, Enter, arrow keys, Escape, + and -, 0.</p>
${legend()}`,
    });
}
