/**
 * What a config may hold: the single source of types, defaults, checks of one value and descriptions. Beside zod's own
 * metadata a key carries
 * - `allowed`: what may be written, where the type does not say it;
 * - `fallback`: where the default comes from, if it is not a constant;
 * - `example`: a value for the command that mends a fault, where there is no default.
 */
import { z } from "zod";
import { ISTIO_NAMESPACE } from "../components/names";
import { isCpu, isMemory } from "../components/quantity";
import { ADDON_SECTIONS } from "./addonSchema";
import { CLUSTER_SECTION } from "./clusterSchema";
import { chartRepository, registry, tag } from "./imageReferences";
import { PROFILES, REPLICAS, type Sized } from "./profiles";

/** The one minor version of Istio whose charts, values and API this program is written for. */
export const ISTIO_MINOR = "1.31";

/** The namespaces that Istio never injects into (pkg/kube/inject), and those that Kubernetes reserves. */
const RESERVED_NAMESPACE = new RegExp(`^(?:kube-.*|local-path-storage|${ISTIO_NAMESPACE})$`);

const imagePullPolicy = z
    .enum(["Always", "IfNotPresent", "Never"])
    .default("IfNotPresent")
    .meta({ description: "When nodes pull the images." });

/** A number is taken for its digits: YAML reads `cpu: 1` as one. */
const digits = (value: unknown) => (typeof value === "number" ? String(value) : value);

const cpu = z.preprocess(digits, z.string().refine(isCpu, "it is not an amount of CPU")).optional();
const memory = z.preprocess(digits, z.string().refine(isMemory, "it is not an amount of memory")).optional();

/** Four keys for a container's resources. They have no constant defaults: the profile decides. */
function resources(part: Sized) {
    const amounts = (kind: "requests" | "limits", what: string) => {
        const fallback = (of: "cpu" | "memory") => {
            const [demo, byDefault] = [PROFILES.demo[part][kind][of], PROFILES.default[part][kind][of]];
            return demo === byDefault ? (demo ?? "none") : `${demo ?? "none"} (demo), ${byDefault ?? "none"} (default)`;
        };
        const CPU = { allowed: "CPU, such as 100m or 2", example: "100m", fallback: fallback("cpu") };
        const MEMORY = { allowed: "memory, such as 128Mi or 2Gi", example: "128Mi", fallback: fallback("memory") };
        return z
            .strictObject({
                cpu: cpu.meta({ ...CPU, description: `CPU that ${what}.` }),
                memory: memory.meta({ ...MEMORY, description: `Memory that ${what}.` }),
            })
            .prefault({});
    };
    const subject = { istiod: "istiod", gateway: "each ingress gateway pod", proxy: "each sidecar" }[part];
    return z
        .strictObject({
            requests: amounts("requests", `${subject} requests`),
            limits: amounts("limits", `${subject} may use at most`),
        })
        .prefault({});
}

/** Three keys for a HorizontalPodAutoscaler; it needs the cluster's metrics API. */
function autoscaling(what: string) {
    const replicas = z.int().min(1, "it is too small").max(100, "it is too large").optional();
    const bounds = { allowed: "whole number from 1 to 100, with autoscaling on" };
    return z
        .strictObject({
            enabled: z
                .boolean()
                .optional()
                .meta({
                    fallback: "false (demo), true (default)",
                    example: true,
                    description: `Whether the load decides on the number of ${what} replicas. Needs a metrics server.`,
                }),
            min: replicas.meta({
                ...bounds,
                fallback: String(REPLICAS.min),
                example: REPLICAS.min,
                description: "Fewest replicas.",
            }),
            max: replicas.meta({
                ...bounds,
                fallback: String(REPLICAS.max),
                example: REPLICAS.max,
                description: "Most replicas.",
            }),
        })
        .prefault({});
}

const overrides = (chart: string) =>
    z
        .record(z.string(), z.unknown())
        .default({})
        .meta({ allowed: "object", description: `Helm values laid over ours for the chart ${chart}.` });

/** The top-level keys of the project's config, each with the schema of its value. */
export const SECTIONS = {
    cluster: CLUSTER_SECTION,

    istio: z
        .strictObject({
            version: z
                .string()
                .regex(/^1\.31\.\d+(?:-[\w.]+)?$/, `it is not a release of Istio ${ISTIO_MINOR}`)
                .default(`${ISTIO_MINOR}.1`)
                .meta({ allowed: `${ISTIO_MINOR}.x`, description: "Version of Istio's charts." }),
            chartRepository: chartRepository.default("https://blob.istio.io/istio-release/charts").meta({
                allowed: "https://..., oci://..., or a directory with the charts base, istiod and gateway",
                description: "Where Istio's charts come from. A directory is used whatever its charts' version.",
            }),
            hub: registry.default("docker.io/istio").meta({ description: "Where Istio's images come from." }),
            tag: tag.optional().meta({
                fallback: "istio.version",
                example: `${ISTIO_MINOR}.1`,
                description: "Tag of Istio's images.",
            }),
            imagePullPolicy,
            timeout: z.int().min(30, "it is too short").max(3600, "it is too long").default(600).meta({
                allowed: "seconds, a whole number from 30 to 3600",
                description: "How long each Helm release may take to become ready, a load balancer's address included.",
            }),
            profile: z.enum(["demo", "default"]).default("demo").meta({
                description: "demo asks for little, for small nodes; default is what the charts ask for themselves.",
            }),
            global: z
                .strictObject({
                    mtls: z
                        .strictObject({
                            enabled: z.boolean().default(true).meta({
                                description: "Whether workloads of the mesh accept nothing but mutual TLS.",
                            }),
                        })
                        .prefault({}),
                })
                .prefault({}),
            istiod: z.strictObject({ resources: resources("istiod"), autoscaling: autoscaling("istiod") }).prefault({}),
            gateway: z
                .strictObject({ resources: resources("gateway"), autoscaling: autoscaling("ingress gateway") })
                .prefault({}),
            proxy: z.strictObject({ resources: resources("proxy") }).prefault({}),
            ...ADDON_SECTIONS,
            values: z
                .strictObject({
                    base: overrides("base"),
                    istiod: overrides("istiod"),
                    gateway: overrides("gateway"),
                    kiali: overrides("kiali-server"),
                })
                .prefault({}),
        })
        .prefault({})
        .meta({ description: "The service mesh, and what shows it." }),

    app: z
        .strictObject({
            namespace: z
                .string()
                .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, "it is not a name for a namespace")
                .refine((name) => !RESERVED_NAMESPACE.test(name), "it is reserved")
                .default("default")
                .meta({
                    allowed: `lower-case letters, digits and hyphens, at most 63; not kube-* or ${ISTIO_NAMESPACE}`,
                    description: "Namespace of Bookinfo. default is only labelled; any other is created, and owned.",
                }),
        })
        .prefault({})
        .meta({ description: "Where the application goes." }),

    bookinfo: z
        .strictObject({
            registry: registry.default("docker.io/istio").meta({ description: "Where Bookinfo's images come from." }),
            tag: tag.default("1.20.3").meta({ description: "Tag of Bookinfo's images." }),
            imagePullPolicy,
        })
        .prefault({})
        .meta({ description: "The sample application." }),
};

export type SectionName = keyof typeof SECTIONS;
/** A section as the schema understands it, before profile and other settings are worked into each other. */
export type Section<Name extends SectionName> = z.output<(typeof SECTIONS)[Name]>;
