/** Schemas of the sources of images and charts. */
import * as z from "zod";

/** The grammar of image references: a host with an optional port, then path components in lower case. */
const HOST = String.raw`[a-zA-Z0-9]+(?:[.-][a-zA-Z0-9]+)*(?::\d+)?`;
const COMPONENT = String.raw`[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`;
const TAG = String.raw`\w[\w.-]{0,127}`;

export const registry = z
    .string()
    .regex(new RegExp(`^${HOST}(?:/${COMPONENT})*$`), "it is not a registry and path")
    .meta({ allowed: "registry and path without scheme and image name, such as docker.io/istio" });

export const tag = z
    .string()
    .regex(new RegExp(`^${TAG}$`), "it is not an image tag")
    .meta({ allowed: "image tag" });

const IMAGE = new RegExp(`^(${HOST})(?:/${COMPONENT})+:(${TAG})(?:@sha256:[0-9a-f]{64})?$`);

/** A whole image reference. The registry is required: without it, each node's own setup would decide what is pulled. */
export const image = z
    .string()
    .superRefine((reference, context) => {
        const [, host = "", version] = IMAGE.exec(reference) ?? [];
        if (!/[.:]|^localhost$/.test(host)) {
            context.addIssue({ code: "custom", message: "it is not an image with registry and tag" });
        } else if (version === "latest") {
            context.addIssue({ code: "custom", message: "the tag latest can mean another version at each pull" });
        }
    })
    .meta({ allowed: "registry/path:tag, with a digest (@sha256:...) or without" });

export const chartRepository = z.string().refine((repository) => {
    const isPath = /^(?:\/|\.\.?\/|~\/)/.test(repository);
    return isPath || (/^(?:https?|oci):\/\/[^/]/.test(repository) && URL.canParse(repository));
}, "it is neither a URL nor a path");
