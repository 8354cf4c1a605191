import type { PinnedImages } from "../components/istio/values";
import type { ImageCredentials } from "../components/pullSecrets";
import { readDockerConfig } from "./dockerConfig";
import { atMirror } from "./imageReferences";
import { digestOf } from "./pinnedImages";
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
    const digest = kialiDigest(istio);
    return {
        istio: {
            ...istio,
            hub: source(["istio", "hub"], istio.hub),
            ...istioImages(istio, (image) => source(["istio", "hub"], image)),
            tracing: addon("tracing"),
            prometheus: addon("prometheus"),
            grafana: addon("grafana"),
            servicegraph: addon("servicegraph"),
            kiali: {
                ...istio.kiali,
                ...(mirror !== undefined && { image: atMirror(KIALI_IMAGE, mirror) }),
                ...(digest !== undefined && { digest }),
            },
        },
        bookinfo: { ...bookinfo, registry: source(["bookinfo", "registry"], bookinfo.registry) },
    };
}

/** Helm values that choose an image by its parts. A whole reference would win over them. */
const PARTS = /"(?:hub|tag|variant|imageType|image_name|image_version|image_digest)":/;

/** Istio's images with their digests; nothing if one of them is not known, as with a tag or a registry of the user's own. */
function istioImages(
    { hub, tag, version, values }: Section<"istio">,
    at: (image: string) => string,
): { pinned?: PinnedImages } {
    const find = (name: string) => {
        const image = `${hub}/${name}:${tag ?? version}`;
        const digest = digestOf(image);
        return digest === undefined ? undefined : at(`${image}@sha256:${digest}`);
    };
    const [pilot, proxy, cni] = ["pilot", "proxyv2", "install-cni"].map(find);
    const isChosen = PARTS.test(JSON.stringify([values.istiod, values.cni]));
    return pilot && proxy && cni && !isChosen ? { pinned: { pilot, proxy, cni } } : {};
}

/** A directory has a chart of any version, which names an image of that. */
function kialiDigest({ kiali: { version, chartRepository }, values }: Section<"istio">): string | undefined {
    const isKnown = /^(?:https?|oci):/.test(chartRepository) && !PARTS.test(JSON.stringify(values.kiali));
    return isKnown ? digestOf(`${KIALI_IMAGE}:v${version}`) : undefined;
}

/** The credentials in the section `images`. Of the Docker config, only what the nodes need. */
export function imageCredentials({ pullSecrets, dockerConfig }: Section<"images">): PlainImageCredentials {
    const read = dockerConfig === undefined ? undefined : readDockerConfig(dockerConfig);
    return { pullSecrets, ...(read && "json" in read && { dockerConfig: read.json }) };
}
