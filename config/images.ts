import type { ImageCredentials } from "../components/pullSecrets";
import { readDockerConfig } from "./dockerConfig";
import { atMirror } from "./imageReferences";
import { valueAt } from "./valueAt";
import type { Section } from "./schema";

/** The same before it is wrapped as a secret. */
export type PlainImageCredentials = Omit<ImageCredentials, "dockerConfig"> & { dockerConfig?: string };

/** The image of Kiali in its chart, without its tag. */
const KIALI_IMAGE = "quay.io/kiali/kiali";

/**
 * The sources of all images: what the user set for an image, else its default at the mirror, if there is one.
 * @param set the sections of the config as the user set them
 */
export function resolveImages(
    set: Readonly<Record<string, unknown>>,
    { mirror }: Section<"images">,
    istio: Section<"istio">,
    bookinfo: Section<"bookinfo">,
) {
    const source = (path: string[], image: string) =>
        mirror === undefined || valueAt(set, path) !== undefined ? image : atMirror(image, mirror);
    const addon = <Name extends "tracing" | "prometheus" | "grafana" | "servicegraph">(name: Name) => ({
        ...istio[name],
        image: source(["istio", name, "image"], istio[name].image),
    });
    return {
        istio: {
            ...istio,
            hub: source(["istio", "hub"], istio.hub),
            tracing: addon("tracing"),
            prometheus: addon("prometheus"),
            grafana: addon("grafana"),
            servicegraph: addon("servicegraph"),
            kiali: { ...istio.kiali, ...(mirror !== undefined && { image: atMirror(KIALI_IMAGE, mirror) }) },
        },
        bookinfo: { ...bookinfo, registry: source(["bookinfo", "registry"], bookinfo.registry) },
    };
}

/** The credentials in the section `images`. Of the Docker config, only what the nodes need. */
export function imageCredentials({ pullSecrets, dockerConfig }: Section<"images">): PlainImageCredentials {
    const read = dockerConfig === undefined ? undefined : readDockerConfig(dockerConfig);
    return { pullSecrets, ...(read && "json" in read && { dockerConfig: read.json }) };
}
