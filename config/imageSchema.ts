/** The images' part of the config. schema.ts explains the metadata. */
import * as z from "zod";
import { PULL_SECRET } from "../components/names";
import { DOCKER_CONFIG_FORM, readDockerConfig } from "./dockerConfig";
import { group } from "./fields";
import { mirror } from "./imageReferences";

/** The name of a Secret (RFC 1123). */
const SECRET_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

const pullSecret = z
    .string()
    .regex(SECRET_NAME, "it is not a name for a Secret")
    .refine((name) => name !== PULL_SECRET, "the program itself makes a Secret of this name from images.dockerConfig");

/** `pulumi config set` stores text; somebody who edits the stack's file may write an object. */
const asText = (value: unknown) => (typeof value === "object" && value !== null ? JSON.stringify(value) : value);

const dockerConfig = z.string().superRefine((text, context) => {
    const read = readDockerConfig(text);
    if ("problem" in read) {
        context.addIssue({ code: "custom", message: read.problem });
    }
});

export const IMAGES_SECTION = group({
    mirror: mirror.optional().meta({
        allowed: "registry and path without scheme, such as mirror.example.com/docker",
        description:
            "Registry of every image, in place of the host in its name: docker.io/istio/pilot becomes MIRROR/istio/pilot. A key for one image wins.",
    }),
    pullSecrets: z
        .array(pullSecret, "it is not a list")
        .refine((names) => new Set(names).size === names.length, "a name is in it twice")
        .default([])
        .meta({
            allowed: "list of names of Secrets",
            description:
                "Existing pull secrets for the pods. Each must be in istio-system and in the application's namespace.",
        }),
    dockerConfig: z.preprocess(asText, dockerConfig).optional().meta({
        allowed: DOCKER_CONFIG_FORM,
        secret: true,
        fromFile: true,
        description:
            "Credentials for registries, as in Docker's config.json. The program makes a pull secret of them in each namespace. Secret.",
    }),
}).describe("The source of all images, and the credentials for it.");
