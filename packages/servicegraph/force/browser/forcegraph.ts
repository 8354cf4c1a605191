import { countOf } from "../../drawing/facts";
import { type MeshAnswer, readMeshJson } from "../../graph/meshJson";
import { arrange, type Arrangement, holds } from "../arrangement";
import { inOrder, nextStop } from "../navigation";
import { keyOf, type View, viewOf } from "../view";
import { describe, tableOf } from "./details";
import { byId, html } from "./element";
import { Picture } from "./picture";
import { Viewport } from "./viewport";

/** Milliseconds between two requests, as in 1.0, and until a request fails. */
const POLL = 5000;
const TIMEOUT = 20_000;

/** With more workloads, namespaces are folded at first. A narrow window shows fewer at once. */
const MOST_OPEN = { narrow: 30, wide: 80 };

/** The lines that are drawn: at least so many, and more if there are more boxes. A box shows all its lines if it is pointed at. */
const LEAST_DRAWN = 60;
const DRAWN_PER_BOX = 2;

/** The lines that are drawn or listed at most. */
const MOST_LISTED = 500;

const container = byId("graph");
const isNarrow = () => innerWidth <= 640;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

let answer: MeshAnswer = { nodes: [], edges: [], missing: [] };
let answerText = "";
let view: View = { items: [], lines: [] };
let arrangement: Arrangement = arrange(view, { width: 1, height: 1 });
let foldsAll = false;
/** Whether the reader has folded or opened something. */
let hasChosen = false;
/** Namespaces that differ from `foldsAll`. */
const exceptions = new Set<string>();
let selected: string | undefined;
let paused = false;

const picture = new Picture();
container.append(picture.element);
const viewport = new Viewport(container, picture.element, (scale) => {
    picture.rescale(scale);
});

fillForm();
listen();
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
        const text = await response.text();
        if (!response.ok) {
            fail(`The server answers ${response.status}: ${text}`);
            return response.status !== 400;
        }
        receive(text);
    } catch (error) {
        fail(`The server does not answer (${error instanceof Error ? error.message : String(error)}).`);
    }
    return true;
}

function fail(reason: string): void {
    container.classList.add("stale");
    byId("empty").hidden = true;
    notify("fault", html("p", {}, reason));
    say("count", "not up to date");
    byId("time").textContent = "";
}

function receive(text: string): void {
    container.classList.remove("stale");
    if (text !== answerText) {
        [answer, answerText] = [readMeshJson(text), text];
        // Namespaces may be missing in the first answer.
        if (!foldsAll && !hasChosen) {
            const namespaces = new Set(answer.nodes.map(({ namespace }) => namespace));
            foldsAll = namespaces.size > 1 && answer.nodes.length > MOST_OPEN[isNarrow() ? "narrow" : "wide"];
        }
        show();
    }
    const { nodes, edges, missing } = answer;
    say("count", `${countOf(nodes.length, "node")}, ${countOf(edges.length, "edge")}`);
    byId("time").textContent = `at ${new Date().toLocaleTimeString()}`;
    const isEmpty = nodes.length === 0;
    const reasons = missing.map((reason) => html("li", {}, reason));
    notify(
        "",
        ...(reasons.length > 0 && !isEmpty
            ? [html("p", {}, "Some metrics are unavailable:"), html("ul", {}, ...reasons)]
            : []),
    );
    byId("empty").hidden = !isEmpty;
    byId("graph-area").hidden = isEmpty;
}

/**
 * Draws the answer.
 * @param anchor the box that stays where it is in the window, if others have to move
 */
function show(anchor = selected): void {
    byId("graph-area").hidden = answer.nodes.length === 0;
    const isFolded = (namespace: string) => exceptions.has(namespace) !== foldsAll;
    view = viewOf(answer, isFolded);
    if (!holds(arrangement, view)) {
        const place = anchor && picture.boxOf(anchor);
        const before = place && viewport.placeOf(place);
        const wasEmpty = arrangement.boxes.size === 0;
        arrangement = arrange(view, { width: container.clientWidth, height: container.clientHeight });
        viewport.resize(arrangement);
        draw();
        const now = anchor && picture.boxOf(anchor);
        if (before && now) {
            viewport.keep(now, before);
        }
        if (!wasEmpty) {
            picture.move(reducedMotion.matches);
        }
    } else {
        draw();
    }
}

function draw(): void {
    const { items, lines } = view;
    const drawn = lines.slice(0, Math.min(MOST_LISTED, Math.max(LEAST_DRAWN, DRAWN_PER_BOX * items.length)));
    const focused = picture.keyAt(document.activeElement);
    picture.show(view, drawn, arrangement);
    if (focused !== undefined && picture.keyAt(document.activeElement) !== focused && picture.boxOf(focused)) {
        picture.focus(focused);
    }
    const of = (count: number) => `${count} most important of ${countOf(lines.length, "line")}`;
    byId("omitted").textContent =
        drawn.length < lines.length
            ? `The drawing has the ${of(drawn.length)}; a box shows all its lines if it is pointed at or has the focus.`
            : "";
    const listed = lines.slice(0, MOST_LISTED);
    byId("table-title").textContent = listed.length < lines.length ? `The ${of(listed.length)}` : "Edges";
    byId("table").replaceChildren(...tableOf(items, listed));
    select(selected !== undefined && answer.nodes.some((node) => keyOf(node) === selected) ? selected : undefined);
}

/** Opens the panel of a workload, or closes it. */
function select(key: string | undefined): void {
    selected = key;
    picture.select(key);
    picture.highlight(key);
    byId("info").hidden = key === undefined;
    if (key === undefined) {
        return;
    }
    const node = answer.nodes.find((node) => keyOf(node) === key);
    byId("info-title").replaceChildren(html("bdi", {}, node?.name ?? ""));
    byId("info-namespace").textContent = node?.namespace ? `namespace ${node.namespace}` : "";
    const details = byId("details");
    const focused = details.contains(document.activeElement) ? picture.keyAt(document.activeElement) : undefined;
    details.replaceChildren(...describe(answer, key));
    if (focused !== undefined) {
        details.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }
}

/** Selects a workload, opens its namespace if it is folded, and moves it into view and the focus to its panel. */
function goTo(key: string): void {
    const node = answer.nodes.find((node) => keyOf(node) === key);
    if (!node) {
        return;
    }
    if (!picture.boxOf(key)) {
        toggle(node.namespace);
    }
    select(key);
    picture.setCurrent(key);
    const box = picture.boxOf(key);
    if (box) {
        viewport.bring(box);
    }
    byId("info-title").focus({ preventScroll: !isNarrow() });
}

function toggle(namespace: string): void {
    hasChosen = true;
    if (!exceptions.delete(namespace)) {
        exceptions.add(namespace);
    }
    const key = JSON.stringify([namespace]);
    show(key);
    const box = picture.boxOf(key);
    if (box) {
        viewport.reveal(box);
    }
}

/** Opens a folded namespace, folds an open one, or shows a workload's traffic. */
function activate(key: string): void {
    const [namespace = "", ...workload] = JSON.parse(key) as string[];
    picture.setCurrent(key);
    if (workload.length === 0) {
        toggle(namespace);
        picture.focus(key);
    } else {
        select(key);
        byId("info-title").focus({ preventScroll: !isNarrow() });
        const box = picture.boxOf(key);
        if (box && !isNarrow()) {
            viewport.reveal(box);
        }
    }
}

function close(): void {
    const key = selected;
    select(undefined);
    if (key !== undefined) {
        picture.focus(key);
    }
}

function listen(): void {
    let width = container.clientWidth;
    addEventListener("resize", () => {
        if (container.clientWidth !== width) {
            width = container.clientWidth;
            arrangement = arrange({ items: [], lines: [] }, { width, height: 1 });
            show();
        }
    });
    const onClick = (id: string, work: () => void) => {
        byId(id).addEventListener("click", work);
    };
    onClick("pause", () => {
        paused = !paused;
        byId("pause").setAttribute("aria-pressed", String(paused));
    });
    onClick("zoom-in", () => {
        viewport.zoomIn();
    });
    onClick("zoom-out", () => {
        viewport.zoomOut();
    });
    onClick("fit", () => {
        viewport.fit();
    });
    for (const [id, folds] of [
        ["fold", true],
        ["unfold", false],
    ] as const) {
        onClick(id, () => {
            [foldsAll, hasChosen] = [folds, true];
            exceptions.clear();
            show();
        });
    }
    onClick("close", close);
    byId("info").addEventListener("click", ({ target }) => {
        const key = picture.keyAt(target);
        if (key !== undefined) {
            goTo(key);
        }
    });
    byId("info").addEventListener("keydown", ({ key }) => {
        if (key === "Escape") {
            close();
        }
    });
    listenToGraph();
    listenToSearch();
}

/** The listeners are not at the SVG element: Chromium makes one that listens for the focus another tab stop. */
function listenToGraph(): void {
    container.addEventListener("click", ({ target }) => {
        const key = picture.keyAt(target);
        if (key !== undefined) {
            activate(key);
        }
    });
    container.addEventListener("keydown", (event) => {
        const key = picture.keyAt(event.target);
        const stops = inOrder(picture.stops());
        const from = stops.find((stop) => stop.key === key);
        const next = from && nextStop(stops, from, event.key);
        if (next) {
            picture.focus(next.key);
            viewport.reveal(next);
        } else if (key !== undefined && (event.key === "Enter" || event.key === " ")) {
            activate(key);
        } else if (event.key === "Escape" && selected !== undefined) {
            select(undefined);
        } else {
            return;
        }
        event.preventDefault();
    });
    // Hovering and the focus show the neighbours.
    for (const kind of ["pointerover", "focusin"] as const) {
        container.addEventListener(kind, ({ target }) => {
            picture.highlight(picture.keyAt(target) ?? selected);
        });
    }
    for (const kind of ["pointerleave", "focusout"] as const) {
        container.addEventListener(kind, () => {
            picture.highlight(selected);
        });
    }
}

/** While typing, the search says how many workloads match. Enter goes to the next of them. */
function listenToSearch(): void {
    const field = byId("find") as HTMLInputElement;
    let last = -1;
    const matches = () => {
        const text = field.value.trim().toLowerCase();
        return text === ""
            ? []
            : answer.nodes.filter(({ name, namespace }) => `${name} ${namespace}`.toLowerCase().includes(text));
    };
    field.addEventListener("input", () => {
        last = -1;
        say(
            "found",
            field.value.trim() === "" ? "" : `${countOf(matches().length, "workload")}; Enter shows the first`,
        );
    });
    byId("search").addEventListener("submit", (event) => {
        event.preventDefault();
        const found = matches();
        last = found.length === 0 ? -1 : (last + 1) % found.length;
        const node = found[last];
        say("found", node ? `${last + 1} of ${countOf(found.length, "workload")}` : "no workload");
        if (node) {
            goTo(keyOf(node));
            // Enter again goes to the next one.
            field.focus({ preventScroll: true });
        }
    });
}

/** Changes a text that screen readers announce, but only if it differs. */
function say(id: string, text: string): void {
    const element = byId(id);
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

function notify(kind: "" | "fault", ...children: Element[]): void {
    const notice = byId("notice");
    const text = children.map(({ textContent }) => textContent).join();
    notice.hidden = children.length === 0;
    notice.classList.toggle("fault", kind === "fault");
    if (text !== notice.textContent) {
        notice.replaceChildren(...children);
    }
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
