/** The part of the config that adapts the program to a platform, under `istio`. schema.ts explains the metadata. */
import * as z from "zod";
import { PLATFORMS } from "../components/platform";
import { group } from "./fields";

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const NAME = String.raw`[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`;
const PREFIX = String.raw`[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/`;
const LABEL = { key: new RegExp(`^(?:${PREFIX})?${NAME}$`), value: new RegExp(`^(?:${NAME})?$`) };

/** Labels that the program or the cluster sets itself: they decide whether pods are injected. */
const RESERVED = ["istio-injection", "istio.io/rev", "kubernetes.io/metadata.name"];

/** Labels of a namespace. */
export const namespaceLabels = (description: string) =>
    z
        .record(
            z
                .string()
                .regex(LABEL.key, "it is not a key for a label")
                .refine((key) => !RESERVED.includes(key), "this label is not yours to set"),
            z.string().regex(LABEL.value, "it is not a value for a label"),
        )
        .default({})
        .meta({ allowed: "object of Kubernetes labels", description });

export const PLATFORM_SECTIONS = {
    platform: z.enum(PLATFORMS).optional().meta({
        fallback: "none",
        example: "openshift",
        description:
            "What the cluster differs in from a plain Kubernetes, [platforms.md](platforms.md) says how. Without it, the cluster is a plain one.",
    }),
    cni: group({
        enabled: z.boolean().optional().meta({
            fallback: "true if istio.platform is openshift, else false",
            example: true,
            description:
                "Whether Istio's CNI plugin redirects the pods' traffic. Then no pod of the mesh needs the capability NET_ADMIN.",
        }),
    }),
    namespaceLabels: namespaceLabels(
        "Labels of the namespace istio-system, such as pod-security.kubernetes.io/enforce.",
    ),
};
