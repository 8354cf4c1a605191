import type { MeshNode } from "../graph/mesh";
import { textWidth } from "../text/width";

/* The sizes and limits that the drawing and the live graph share. In pixels; those of fonts are the stylesheet's. */

export const NODE = { height: 46, leastWidth: 112, mostWidth: 216, padding: 14, app: 14, workload: 12, corner: 8 };

/** The loop above a node that calls itself. */
export const LOOP = { width: 44, height: 34 };

/** The font size of a namespace's name on its frame. */
export const FRAME_FONT = 13;

/** With more edges than this, figures are in tooltips, and in the table or the panel, alone. */
export const MOST_LABELS = 60;

/** With more edges than this, healthy ones step back. */
export const MANY_EDGES = 120;

/** No name is so narrow that more of its characters than this have a say in its node's width. */
const MOST_MEASURED = 80;

/** What stands in the place of a name that Istio left empty. */
export const shownApp = (app: string) => app || "no name";

/** How wide a node is by its own names. */
export function nodeWidth({ app, workload }: Pick<MeshNode, "app" | "workload">): number {
    const words = Math.max(
        textWidth(shownApp(app).slice(0, MOST_MEASURED), NODE.app),
        textWidth(workload.slice(0, MOST_MEASURED), NODE.workload),
    );
    return Math.ceil(Math.min(NODE.mostWidth, Math.max(NODE.leastWidth, words + 2 * NODE.padding)));
}

/** Traffic as the thickness of a line: one pixel more for each power of ten from 1 request a second on. */
export function strokeWidth(requestsPerSecond = 0): number {
    const power = requestsPerSecond > 0 ? Math.log10(requestsPerSecond) : 0;
    return 1.6 + Math.min(3.4, Math.max(0, power));
}
