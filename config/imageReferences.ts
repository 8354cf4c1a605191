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

/** The same for a registry that has copies of the images of others: only a host is unambiguous in front of their paths. */
export const mirror = z
    .string()
    .regex(new RegExp(`^${HOST}(?:/${COMPONENT})*$`), { error: "it is not a registry and path", abort: true })
    .refine((registry) => isHost(registry.replace(/\/.*/, "")), "it does not begin with the host of a registry");

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
        if (!isHost(host)) {
            context.addIssue({ code: "custom", message: "it is not an image with registry and tag" });
        } else if (version === "latest") {
            context.addIssue({ code: "custom", message: "the tag latest can mean another version at each pull" });
        }
    })
    .meta({ allowed: "registry/path:tag, with a digest (@sha256:...) or without" });

/** Whether the first part of an image's name is a registry, and not a part of a path on Docker Hub. */
function isHost(first: string): boolean {
    return /[.:]|^localhost$/.test(first);
}

/** `docker.io/istio` or `docker.io/prom/prometheus:v3.15.0@sha256:...` at a mirror: the path below the host is kept. */
export function atMirror(reference: string, registry: string): string {
    return reference.replace(/^[^/]+/, () => registry);
}

export const chartRepository = z.string().refine((repository) => {
    const isPath = /^(?:\/|\.\.?\/|~\/)/.test(repository);
    return isPath || (/^(?:https?|oci):\/\/[^/]/.test(repository) && URL.canParse(repository));
}, "it is neither a URL nor a path");

/** The digest of a chart's archive. */
export const chartDigest = (chart: string) =>
    z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, "it is not a SHA-256 digest")
        .optional()
        .meta({
            allowed: "sha256: and 64 hexadecimal digits, for a chart from a repository",
            fallback: "not compared",
            description: `SHA-256 digest of the archive of the chart ${chart}. The commands up and render compare it.`,
        });

const credential = (description: string) => ({ secret: true, fallback: "none", description });

/** User and password of a repository of charts. In HTTP's basic authentication, a colon ends the user's name. */
export const chartCredentials = (charts: string) =>
    z
        .strictObject({
            username: z
                .string()
                .regex(/^[^:\s]+$/, "it is empty, or has a colon or a space")
                .meta({ allowed: "name of a user", ...credential(`User of the repository of ${charts}. Secret.`) }),
            password: z
                .string()
                .regex(/^[^\r\n]+$/, "it is empty, or has more than one line")
                .meta({ allowed: "password or token", ...credential("The user's password or token. Secret.") }),
        })
        .optional();
