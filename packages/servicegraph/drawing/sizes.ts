import type { MeshNode } from "../graph/mesh";
import { textWidth } from "../text/width";

/* Sizes, in pixels, and limits of the drawing and of the live graph. The font sizes are those of the stylesheet. */

export const NODE = { height: 46, leastWidth: 112, mostWidth: 216, padding: 14, app: 14, workload: 12, corner: 8 };

/** The smallest scale of a drawing: its smallest text, of 12 pixels, stays at about 11. */
export const LEAST_SCALE = 0.9;

/** The loop above a node that calls itself. */
export const LOOP = { width: 44, height: 34 };

/** The font size of the namespace on its frame. */
export const FRAME_FONT = 13;

/** Graphs with more edges have no labels: the figures are in tooltips, the table and the panel. */
export const MOST_LABELS = 60;

/** In graphs with more edges, healthy edges are paler. */
export const MANY_EDGES = 120;

/** More characters than this are always wider than the widest node. */
const MOST_MEASURED = 80;

/** Istio may leave the name empty. */
export const shownApp = (app: string) => app || "no name";

/** The width of a node for its names. */
export function nodeWidth({ app, workload }: Pick<MeshNode, "app" | "workload">): number {
    const words = Math.max(
        textWidth(shownApp(app).slice(0, MOST_MEASURED), NODE.app),
        textWidth(workload.slice(0, MOST_MEASURED), NODE.workload),
    );
    return Math.ceil(Math.min(NODE.mostWidth, Math.max(NODE.leastWidth, words + 2 * NODE.padding)));
}

/** The width of a line: one more pixel for each power of ten above 1 request per second. */
export function strokeWidth(requestsPerSecond = 0): number {
    const power = requestsPerSecond > 0 ? Math.log10(requestsPerSecond) : 0;
    return 1.6 + Math.min(3.4, Math.max(0, power));
}
