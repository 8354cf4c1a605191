import { factsOf, healthOf, HEALTHS, MUTUAL_TLS } from "../../drawing/facts";
import type { MeshEdge } from "../../graph/mesh";
import { type MeshAnswer, readMeshJson } from "../../graph/meshJson";
import { byId, html, svg } from "./element";
import { Picture } from "./picture";
import { type Bodies, type Body, type Bond, simulate, update } from "../simulation";

/** Milliseconds between two answers, as in 1.0, and after which the server is taken for lost. */
const POLL = 5000;
const PATIENCE = 20_000;

let content: Bodies = { bodies: [], bonds: [] };
let simulation = simulate(content);
let selected: string | undefined;
let paused = false;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const graph = byId("graph");
const picture = new Picture(graph, {
    select: (body) => {
        select(body);
    },
    move: () => {
        stir(0.2);
    },
    release: (body) => {
        body.fx = body.fy = null;
        stir(0.3);
    },
});

fillForm();
fillKey();
byId("pause").addEventListener("click", () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", String(paused));
    byId("pause").textContent = paused ? "Go on" : "Pause";
});
byId("close").addEventListener("click", () => {
    const body = content.bodies.find(({ key }) => key === selected);
    select(undefined);
    if (body) {
        picture.focus(body);
    }
});
addEventListener("resize", () => {
    picture.draw();
});
void poll();

async function poll(): Promise<void> {
    // Nobody looks at a page in the background.
    if (!paused && !document.hidden && !(await refresh())) {
        return;
    }
    setTimeout(() => void poll(), POLL);
}

/** @returns whether it is worth asking again */
async function refresh(): Promise<boolean> {
    try {
        const response = await fetch(`../meshgraph${location.search}`, { signal: AbortSignal.timeout(PATIENCE) });
        if (!response.ok) {
            fail(`The server answers ${response.status}: ${await response.text()}`);
            return response.status !== 400;
        }
        take(readMeshJson(await response.text()));
    } catch (error) {
        fail(`The server does not answer (${error instanceof Error ? error.message : String(error)}).`);
    }
    return true;
}

function fail(reason: string): void {
    graph.classList.add("stale");
    notify("fault", html("p", {}, reason));
    byId("summary").textContent = "not up to date";
}

function take(answer: MeshAnswer): void {
    graph.classList.remove("stale");
    const next = update(content, answer);
    content = next;
    picture.show(content);
    if (next.changed) {
        simulation.stop();
        const isFirst = simulation.nodes().length === 0;
        simulation = simulate(content);
        simulation.on("tick", drawSparingly);
        if (isFirst || calm.matches) {
            settle();
        }
        stir(isFirst ? 0.1 : 0.3);
    }
    picture.draw();
    select(content.bodies.find(({ key }) => key === selected));

    const now = new Date().toLocaleTimeString();
    byId("summary").textContent =
        `${count(content.bodies.length, "node")}, ${count(content.bonds.length, "edge")} at ${now}`;
    if (content.bodies.length === 0) {
        notify("", ...emptyMesh());
    } else if (answer.missing.length > 0) {
        notify("", html("p", {}, "Some figures could not be had:"), list(answer.missing));
    } else {
        notify("");
    }
}

/** Lets the forces work for a moment before anything is shown, but no longer than a person waits. */
function settle(): void {
    const start = performance.now();
    for (let tick = 0; tick < 300 && performance.now() - start < 1000; tick += 1) {
        simulation.tick();
    }
}

function stir(alpha: number): void {
    if (calm.matches) {
        picture.draw();
    } else {
        simulation.alpha(Math.max(simulation.alpha(), alpha)).restart();
    }
}

let nextDraw = 0;

/** Drawing a large graph takes longer than moving it: never more than half of the time goes into it. */
function drawSparingly(): void {
    const start = performance.now();
    if (start >= nextDraw) {
        picture.draw();
        nextDraw = performance.now() + (performance.now() - start);
    }
}

function select(body: Body | undefined): void {
    const before = selected;
    selected = body?.key;
    picture.highlight(body);
    byId("info").hidden = !body;
    if (body) {
        byId("details").replaceChildren(...describe(body));
        if (before !== selected) {
            picture.draw();
        }
    }
}

/** The traffic of a workload, as 1.0 showed it on a click. */
function describe(body: Body): Element[] {
    const { name, namespace } = body.node;
    const incoming = content.bonds.filter(({ target }) => target.key === body.key);
    const outgoing = content.bonds.filter(({ source }) => source.key === body.key);
    return [
        html("h2", {}, html("bdi", {}, name)),
        ...(namespace ? [html("p", { class: "summary" }, "namespace ", html("bdi", {}, namespace))] : []),
        html("h3", {}, "Incoming"),
        traffic(incoming, ({ source }) => source),
        html("h3", {}, "Outgoing"),
        traffic(outgoing, ({ target }) => target),
    ];
}

function traffic(bonds: Bond[], other: (bond: Bond) => Body): Element {
    if (bonds.length === 0) {
        return html("p", { class: "summary" }, "none");
    }
    const rows = bonds.map((bond) =>
        html("tr", {}, html("td", {}, html("bdi", {}, other(bond).node.name)), figures(bond.edge)),
    );
    return html("table", {}, html("tbody", {}, ...rows));
}

function figures(edge: MeshEdge): Element {
    const { traffic, errors, latency, mutualTls } = factsOf(edge);
    const lines = [errors, latency, mutualTls].filter(Boolean).join(" · ");
    return html("td", { class: `number ${healthOf(edge)}` }, traffic, html("small", {}, lines));
}

function notify(kind: "" | "fault", ...children: Element[]): void {
    const notice = byId("notice");
    notice.hidden = children.length === 0;
    notice.classList.toggle("fault", kind === "fault");
    notice.replaceChildren(...children);
}

function emptyMesh(): Element[] {
    return [
        html("h2", {}, "No traffic yet"),
        html(
            "p",
            {},
            "The graph is made of requests between workloads of the mesh, and Prometheus knows of none. Make some:",
        ),
        html("pre", {}, "npm run load -- --requests 100 --concurrency 4"),
        html(
            "p",
            {},
            "It appears here when Prometheus has fetched the proxies' figures twice, which takes half a minute.",
        ),
    ];
}

function list(lines: string[]): Element {
    return html("ul", {}, ...lines.map((line) => html("li", {}, line)));
}

/** The form shows what was asked, and the other views ask the same. */
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

function fillKey(): void {
    const lines = Object.entries(HEALTHS).map(([health, words]) =>
        html(
            "li",
            {},
            svg(
                "svg",
                { class: `edges ${health}`, width: 36, height: 10 },
                svg("path", { d: "M1 5H35", "stroke-width": 2.5 }),
            ),
            words,
        ),
    );
    const locks = Object.entries(MUTUAL_TLS).map(([kind, words]) =>
        html(
            "li",
            {},
            svg("svg", { class: `lock-${kind}`, width: 14, height: 14 }, svg("use", { href: `#lock-${kind}` })),
            words,
        ),
    );
    byId("key").append(...lines, ...locks);
}

function count(number: number, noun: string): string {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
