import { at, type Declared } from "../rule";

/** A chart that a resource installs. */
export interface Chart {
    /** Name, URL or path of the chart. */
    reference: string;
    /** Last part of the reference, the chart's name. */
    name: string;
    /** Name of the release, or of the resource where Pulumi names the release. */
    release: string;
    values: unknown;
}

/** The chart that a resource installs, undefined where it installs none. */
export function chartOf({ type, name, inputs }: Declared): Chart | undefined {
    const reference = at(inputs, "chart");
    if (!/^kubernetes:helm\.sh\/v[34]:(Release|Chart)$/.test(type) || typeof reference !== "string") {
        return undefined;
    }
    const release = at(inputs, "name");
    return {
        reference,
        name: reference.split("/").at(-1) ?? reference,
        release: typeof release === "string" ? release : name,
        values: at(inputs, "values"),
    };
}
