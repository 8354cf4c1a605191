import { at, type Declared } from "../rule";

interface Chart {
    /** Name, URL or path of the chart. */
    reference: string;
    /** The last part of the reference. */
    name: string;
    /** Name of the release; if Pulumi chooses that, name of the resource. */
    release: string;
    values: unknown;
}

/** The chart that a resource installs; undefined if it installs none. */
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
