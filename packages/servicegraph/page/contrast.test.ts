import { readFileSync } from "node:fs";
import * as path from "node:path";

const css = readFileSync(path.join(__dirname, "mesh.css"), "utf8");

/** The colours by name: those for light and for dark. */
const COLOURS = new Map(
    [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = "", ...pair]) => [name, pair]),
);

/** Relative luminance, as in WCAG 2.2. */
function luminance(colour: string): number {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
        .map((start) => parseInt(colour.slice(start, start + 2), 16) / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
}

const TEXTS = ["text", "muted", "accent", "healthy", "degraded", "failing", "stopped", "unknown", "idle"];
const BACKGROUNDS = ["page", "surface", "raised", "cluster", "node"];

// axe-core does not judge the colours of text in SVG.
it.each([
    ["text", TEXTS, 4.5],
    ["the border of a node or a field", ["node-rule"], 3],
])("WCAG 2.2 AA: %s stands out from all backgrounds", (_, names, least) => {
    const tooPale = names.flatMap((name) =>
        BACKGROUNDS.flatMap((background) =>
            [0, 1].flatMap((scheme) => {
                const [one = "", other = ""] = [name, background].map((colour) => COLOURS.get(colour)?.[scheme]);
                const found = contrast(one, other);
                return found >= least ? [] : [`${name} on ${background}: ${found.toFixed(2)}`];
            }),
        ),
    );
    expect(tooPale).toEqual([]);
});
