import type { Change, EdgeRates, MeshEdge, MutualTls } from "../graph/mesh";

/* The words for the figures of an edge, in the drawing, the table and the live graph. */

export type Health = "healthy" | "stopped" | "degraded" | "failing" | "idle" | "unknown";

/** The error ratio from which an edge is failing. Below it, an edge with errors is degraded. */
const FAILING = 0.05;

/** The legend. */
export const HEALTHS: Readonly<Record<Health, string>> = {
    healthy: "no errors",
    stopped: "refused, injected or not sent",
    degraded: "some errors",
    failing: `${FAILING * 100} % errors or more`,
    unknown: "errors unknown, or TCP",
    idle: "no traffic",
};

/** The most important one is last, and so drawn on top. */
export const HEALTH_ORDER: readonly Health[] = ["idle", "unknown", "healthy", "stopped", "degraded", "failing"];

export const MUTUAL_TLS: Readonly<Record<Exclude<MutualTls, undefined>, string>> = {
    all: "mutual TLS",
    some: "mutual TLS in part",
    none: "plain text",
};

export function healthOf(edge: MeshEdge): Health {
    const { requestsPerSecond = 0, bytesPerSecond = 0, errorRatio } = edge;
    if (errorRatio) {
        return errorRatio < FAILING ? "degraded" : "failing";
    }
    if (stoppedRatio(edge) > 0) {
        return "stopped";
    }
    if (requestsPerSecond === 0 && bytesPerSecond === 0) {
        return "idle";
    }
    return errorRatio === undefined ? "unknown" : "healthy";
}

/** The part of the requests that the application did not get, or refused itself, from 0 to 1. */
export function stoppedRatio({ refusedRatio = 0, injectedRatio = 0, unsentRatio = 0 }: MeshEdge): number {
    return Math.max(refusedRatio, injectedRatio, unsentRatio);
}

/** Compares two edges: the one with more errors, refusals and traffic comes first. */
export function byImportance(a: MeshEdge, b: MeshEdge): number {
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

/** The figures of an edge, the most important one first; empty if there is no figure. */
export interface Facts {
    /** Requests or bytes per second, or both. */
    traffic: string;
    errors: string;
    /** What was refused, and what the source's proxy did. */
    stopped: string;
    latency: string;
    mutualTls: string;
    /** How the edge has changed since the moment that it is compared with. */
    change: string;
}

export function factsOf(edge: MeshEdge): Facts {
    const { requestsPerSecond, bytesPerSecond, errorRatio, p95Milliseconds, mutualTls } = edge;
    const figures = [requestsPerSecond, bytesPerSecond].filter((figure) => figure !== undefined);
    const traffic = [
        isKnown(requestsPerSecond) && `${rounded(requestsPerSecond)} req/s`,
        isKnown(bytesPerSecond) && bytesText(bytesPerSecond),
    ].filter((text) => text !== false);
    return {
        traffic: traffic.join(", ") || (figures.length > 0 ? "no data" : "no traffic"),
        errors: errorRatio === undefined ? "" : `${percentText(errorRatio)} errors`,
        stopped: STOPPED.flatMap(([ratio, words]) => {
            const part = edge[ratio];
            return part === undefined ? [] : `${percentText(part)} ${words}`;
        }).join(", "),
        latency: p95Milliseconds === undefined ? "" : `p95 ${millisecondsText(p95Milliseconds)}`,
        mutualTls: mutualTls ? MUTUAL_TLS[mutualTls] : "",
        change: edge.changes?.map((change) => changeText(change, edge.before)).join(", ") ?? "",
    };
}

/** The columns of a table of edges by their class: on narrow screens, the stylesheet shows a row as a few lines without the heads. */
export const COLUMNS = {
    from: "From",
    to: "To",
    traffic: "Traffic",
    errors: "Errors",
    refused: "Refused, not sent",
    latency: "Latency (p95)",
    encryption: "Encryption",
};

type Cell = [type: string, text: string];

/**
 * The cells of an edge's figures in such a table, the traffic first: their classes and texts.
 * @param isStopped whether requests were refused or not sent; also if the edge stands for several, one of which is stopped
 */
export function figureCells(
    { traffic, errors, stopped, latency, mutualTls }: Facts,
    health: Health,
    isStopped: boolean,
): [Cell, ...Cell[]] {
    return [
        ["traffic", traffic],
        [`errors ${health === "stopped" ? "healthy" : health}`, errors.replace(/ errors$/, "")],
        [isStopped || health === "stopped" ? "refused stopped" : "refused", stopped],
        ["latency", latency.replace("p95 ", "")],
        ["encryption", mutualTls],
    ];
}

/** What has changed, with the figure of the earlier moment. */
function changeText(change: Change, before: EdgeRates = {}): string {
    const { traffic, errors, latency } = factsOf({ source: 0, target: 0, mutualTls: undefined, ...before });
    const figures: Partial<Record<Change, string>> = {
        gone: traffic,
        "more errors": errors,
        "fewer errors": errors,
        slower: latency,
        faster: latency,
    };
    const figure = figures[change];
    return figure ? `${change} (before: ${figure})` : change;
}

const STOPPED = [
    ["injectedRatio", "injected"],
    ["unsentRatio", "not sent"],
    ["delayedRatio", "delayed"],
    ["refusedRatio", "refused"],
    ["mirroredRatio", "mirrored"],
] as const;

/** Prometheus' NaN means that the figure is unknown. */
function isKnown(figure: number | undefined): figure is number {
    return figure !== undefined && !Number.isNaN(figure);
}

/** A number with three significant digits, and groups of thousands. */
function rounded(value: number): string {
    if (!Number.isFinite(value)) {
        return value > 0 ? "∞" : "−∞";
    }
    const size = Math.abs(value);
    if (size !== 0 && (size < 0.001 || size >= 1e15)) {
        return value.toExponential(1);
    }
    const decimals = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)));
    const [whole = "", fraction = ""] = value.toFixed(Math.min(decimals, 3)).split(".");
    const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, "\u202f");
    const trimmed = fraction.replace(/0+$/, "");
    return trimmed ? `${grouped}.${trimmed}` : grouped;
}

function bytesText(perSecond: number): string {
    const units = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"];
    const power = perSecond >= 1000 && Number.isFinite(perSecond) ? Math.floor(Math.log10(perSecond) / 3) : 0;
    const unit = Math.min(power, units.length - 1);
    return `${rounded(perSecond / 1000 ** unit)} ${units[unit] ?? ""}`;
}

function percentText(ratio: number): string {
    // A few errors are never rounded to 0 %, nor a few successes to 100 % errors.
    if (ratio > 0 && ratio < 0.001) {
        return "< 0.1 %";
    }
    if (ratio < 1 && ratio > 0.999) {
        return "> 99.9 %";
    }
    return `${rounded(Math.round(ratio * 1000) / 10)} %`;
}

function millisecondsText(milliseconds: number): string {
    return milliseconds >= 1000 ? `${rounded(milliseconds / 1000)} s` : `${rounded(milliseconds)} ms`;
}

/** A number with its noun, such as "1 node" or "2 nodes". */
export function countOf(count: number, noun: string): string {
    return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
