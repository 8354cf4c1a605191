import { countOf, factsOf, healthOf } from "../../drawing/facts";
import type { MeshEdge } from "../../graph/mesh";
import { type MeshAnswer, readMeshJson } from "../../graph/meshJson";
import { byId, html } from "./element";
import { Picture } from "./picture";
import { type Graph, type GraphLink, type GraphNode, simulate, update } from "../simulation";

/** Milliseconds between two requests, as in 1.0, and until a request fails. */
const POLL = 5000;
const TIMEOUT = 20_000;

let graph: Graph = { nodes: [], links: [] };
let simulation = simulate(graph);
let selected: string | undefined;
let paused = false;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

const container = byId("graph");
const picture = new Picture(container, {
    select: (node) => {
        select(node);
    },
    move: () => {
        restart(0.2);
    },
    release: (node) => {
        node.fx = node.fy = null;
        restart(0.3);
    },
});

fillForm();
byId("pause").addEventListener("click", () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", String(paused));
    byId("pause").textContent = paused ? "Continue" : "Pause";
});
byId("close").addEventListener("click", () => {
    const node = graph.nodes.find(({ key }) => key === selected);
    select(undefined);
    if (node) {
        picture.focus(node);
    }
});
addEventListener("resize", () => {
    picture.draw();
});
void poll();

async function poll(): Promise<void> {
    if (!paused && !document.hidden && !(await refresh())) {
        return;
    }
    setTimeout(() => void poll(), POLL);
}

/** @returns false if the request is invalid, so that another one would fail too */
async function refresh(): Promise<boolean> {
    try {
        const response = await fetch(`../meshgraph${location.search}`, { signal: AbortSignal.timeout(TIMEOUT) });
        if (!response.ok) {
            fail(`The server answers ${response.status}: ${await response.text()}`);
            return response.status !== 400;
        }
        show(readMeshJson(await response.text()));
    } catch (error) {
        fail(`The server does not answer (${error instanceof Error ? error.message : String(error)}).`);
    }
    return true;
}

function fail(reason: string): void {
    container.classList.add("stale");
    byId("empty").hidden = true;
    notify("fault", html("p", {}, reason));
    byId("summary").textContent = "not up to date";
}

function show(answer: MeshAnswer): void {
    container.classList.remove("stale");
    const next = update(graph, answer);
    graph = next;
    picture.show(graph);
    if (next.changed) {
        simulation.stop();
        const isFirst = simulation.nodes().length === 0;
        simulation = simulate(graph);
        simulation.on("tick", drawSparingly);
        if (isFirst || reducedMotion.matches) {
            settle();
        }
        restart(isFirst ? 0.1 : 0.3);
    }
    picture.draw();
    select(graph.nodes.find(({ key }) => key === selected));

    const now = new Date().toLocaleTimeString();
    byId("summary").textContent =
        `${countOf(graph.nodes.length, "node")}, ${countOf(graph.links.length, "edge")} at ${now}`;
    const missing = answer.missing.map((reason) => html("li", {}, reason));
    const isEmpty = graph.nodes.length === 0;
    notify(
        "",
        ...(missing.length > 0 && !isEmpty
            ? [html("p", {}, "Some metrics are unavailable:"), html("ul", {}, ...missing)]
            : []),
    );
    byId("empty").hidden = !isEmpty;
}

/** Runs the simulation before the first drawing, but no longer than a person would wait. */
function settle(): void {
    const start = performance.now();
    for (let tick = 0; tick < 300 && performance.now() - start < 1000; tick += 1) {
        simulation.tick();
    }
}

function restart(alpha: number): void {
    if (reducedMotion.matches) {
        picture.draw();
    } else {
        simulation.alpha(Math.max(simulation.alpha(), alpha)).restart();
    }
}

let nextDraw = 0;

/** Drawing a large graph takes longer than a simulation step. Drawing takes at most half of the time. */
function drawSparingly(): void {
    const start = performance.now();
    if (start >= nextDraw) {
        picture.draw();
        nextDraw = performance.now() + (performance.now() - start);
    }
}

function select(node: GraphNode | undefined): void {
    const before = selected;
    selected = node?.key;
    picture.highlight(node);
    byId("info").hidden = !node;
    if (node) {
        byId("details").replaceChildren(...describe(node));
        if (before !== selected) {
            picture.draw();
        }
    }
}

/** The traffic of a workload, as 1.0 showed it on a click. */
function describe({ key, meshNode: { name, namespace } }: GraphNode): Element[] {
    const incoming = graph.links.filter(({ target }) => target.key === key);
    const outgoing = graph.links.filter(({ source }) => source.key === key);
    return [
        html("h2", {}, html("bdi", {}, name)),
        ...(namespace ? [html("p", { class: "summary" }, "namespace ", html("bdi", {}, namespace))] : []),
        html("h3", {}, "Incoming"),
        traffic(incoming, ({ source }) => source),
        html("h3", {}, "Outgoing"),
        traffic(outgoing, ({ target }) => target),
    ];
}

function traffic(links: GraphLink[], other: (link: GraphLink) => GraphNode): Element {
    if (links.length === 0) {
        return html("p", { class: "summary" }, "none");
    }
    const rows = links.map((link) =>
        html("tr", {}, html("td", {}, html("bdi", {}, other(link).meshNode.name)), figures(link.edge)),
    );
    return html("table", {}, html("tbody", {}, ...rows));
}

function figures(edge: MeshEdge): Element {
    const { traffic, errors, stopped, latency, mutualTls } = factsOf(edge);
    const lines = [errors, stopped, latency, mutualTls].filter(Boolean).join(" · ");
    return html("td", { class: `number ${healthOf(edge)}` }, traffic, html("small", {}, lines));
}

function notify(kind: "" | "fault", ...children: Element[]): void {
    const notice = byId("notice");
    notice.hidden = children.length === 0;
    notice.classList.toggle("fault", kind === "fault");
    notice.replaceChildren(...children);
}

/** Copies the page's parameters to the form and to the links to other views. */
function fillForm(): void {
    for (const [name, value] of new URLSearchParams(location.search)) {
        const field = document.querySelector<HTMLInputElement>(`form [name="${CSS.escape(name)}"]`);
        if (field?.type === "checkbox") {
            field.checked = value === "true";
        } else if (field) {
            field.value = value;
        }
    }
    for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-view]")) {
        link.search = location.search;
    }
}
