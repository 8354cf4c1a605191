import { at, leaves, type Rule, UNKNOWN } from "../rule";
import { containers } from "./podSpec";
import { chartOf } from "./release";

/** Why an image can differ at each pull; undefined if it is pinned. */
function unpinned(image: unknown): string | undefined {
    if (typeof image !== "string" || image.includes("@sha256:")) {
        return undefined;
    }
    // A colon before the last slash belongs to the registry's port.
    const tag = /:([^/:]+)$/.exec(image)?.[1];
    return tag === undefined ? "has no tag" : tag === "latest" ? "has the tag latest" : undefined;
}

export const pinnedImages: Rule = {
    name: "pinned-images",
    description: "Every image has a version or a digest, so that a restart does not change what runs.",
    level: "mandatory",
    violations: (resource) => [
        ...containers(resource).flatMap(({ name, spec }) => {
            const image = at(spec, "image");
            const why = unpinned(image);
            return why ? [`Give the image of ${name} a version or a digest: ${String(image)} ${why}.`] : [];
        }),
        ...leaves(chartOf(resource)?.values)
            .filter(({ path, value }) => path.at(-1) === "tag" && value === "latest")
            .map(({ path }) => `Set values.${path.join(".")} to a version instead of latest.`),
    ],
};

/** Whether a chart is on this machine: it changes only with its folder or file. */
const isLocal = (chart: string) => /^(\.{0,2}\/|~\/)|\.tgz$/.test(chart);

const isExact = (version: unknown) => typeof version === "string" && /^v?\d+\.\d+\.\d+([-+][\w.+-]+)?$/.test(version);

export const pinnedCharts: Rule = {
    name: "pinned-charts",
    description: "Every chart has an exact version, so that an update contains only intended changes.",
    level: "mandatory",
    violations: (resource) => {
        const chart = chartOf(resource);
        const version = at(resource.inputs, "version");
        if (!chart || version === UNKNOWN || isExact(version) || isLocal(chart.reference)) {
            return [];
        }
        const now = typeof version === "string" ? `${version} allows several` : "without one Helm takes the newest";
        return [`Set version to one version of the chart ${chart.name}, such as 1.2.3: ${now}.`];
    },
};
