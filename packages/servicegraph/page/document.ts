import { HEALTHS, MUTUAL_TLS } from "../drawing/facts";

/* What both pages share. All markup is well-formed XML, so that tests can read it. */

interface DocumentArgs {
    title: string;
    /** The path from the page to `/`. */
    root: "" | "../";
    /** More elements for the head. */
    head: string;
    /** The element with the summary. */
    summary: string;
    /** The links to the other views. */
    views: string[];
    form: string;
    main: string;
}

export function document({ title, root, head, summary, views, form, main }: DocumentArgs): string {
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${title}</title>
<link rel="icon" href="${root}favicon.svg"/>
<link rel="stylesheet" href="${root}mesh.css"/>
${head}</head>
<body>
<header>
<h1>Istio service graph</h1>
${summary}
<nav aria-label="Other views">${views.join(" ")}</nav>
</header>
${form}
<main>
${main}
</main>
</body>
</html>
`;
}

/** What to do if there is no traffic. */
export const MAKE_TRAFFIC = `<p>The graph shows requests between workloads of the mesh, and Prometheus has none. Send some:</p>
<pre>npx bookinfo load --requests 100 --concurrency 4</pre>`;

export const WAIT_FOR_TRAFFIC =
    "New traffic appears after Prometheus has scraped the proxies twice, which takes half a minute.";

export function legend(): string {
    const line = (health: string) =>
        `<svg class="edges ${health}" width="36" height="10" aria-hidden="true"><path d="M1 5H35" stroke-width="2.5"/></svg>`;
    const lock = (kind: string) =>
        `<svg class="lock-${kind}" width="14" height="14" aria-hidden="true"><use href="#lock-${kind}"/></svg>`;
    const items = [
        ...Object.entries(HEALTHS).map(([health, words]) => line(health) + words),
        ...Object.entries(MUTUAL_TLS).map(([kind, words]) => lock(kind) + words),
    ];
    return `<ul class="key" aria-label="Legend">${items.map((item) => `<li>${item}</li>`).join("")}</ul>`;
}
