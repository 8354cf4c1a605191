/**
 * The config's schema: the only source of its types, defaults, descriptions and checks of single values. In addition to
 * zod's own metadata a key has
 * - `allowed`: what is allowed, if the type does not say it;
 * - `fallback`: the source of the default, if it is not a constant;
 * - `example`: a value for the command that fixes an issue, if there is no default;
 * - `secret`: true if the value must never be shown; with `fromFile`, a command reads it from a file.
 */
import * as z from "zod";
import { ISTIO_NAMESPACE } from "../components/names";
import { isCpu, isMemory } from "../components/quantity";
import { ACCESS_LOGS } from "./accessLogSchema";
import { ADDON_SECTIONS } from "./addonSchema";
import { CLUSTER_SECTION } from "./clusterSchema";
import { flag, group, wholeNumber } from "./fields";
import { GATEWAY_ACCESS } from "./gatewaySchema";
import { chartCredentials, chartDigest, chartRepository, registry, tag } from "./imageReferences";
import { IMAGES_SECTION } from "./imageSchema";
import { namespaceLabels, PLATFORM_SECTIONS } from "./platformSchema";
import { PROFILES, REPLICAS, type Sized } from "./profiles";
import { SECURITY } from "./securitySchema";
import { TRAFFIC } from "./trafficSchema";

/** The only minor version of Istio whose charts, values and API this program supports. */
export const ISTIO_MINOR = "1.31";

/** Namespaces that Istio never injects into (pkg/kube/inject), and those that Kubernetes reserves. */
const RESERVED_NAMESPACE = new RegExp(`^(?:kube-.*|local-path-storage|${ISTIO_NAMESPACE})$`);

const imagePullPolicy = z
    .enum(["Always", "IfNotPresent", "Never"])
    .default("IfNotPresent")
    .describe("When nodes pull the images.");

/** Turns a number into its digits: YAML reads the 1 in `cpu: 1` as a number. */
const digits = (value: unknown) => (typeof value === "number" ? String(value) : value);

const cpu = z.preprocess(digits, z.string().refine(isCpu, "it is not an amount of CPU")).optional();
const memory = z.preprocess(digits, z.string().refine(isMemory, "it is not an amount of memory")).optional();

/** Four keys for a container's resources. The profile has their defaults. */
function resources(part: Sized) {
    const subject = { istiod: "istiod", gateway: "each ingress gateway pod", proxy: "each sidecar" }[part];
    const amounts = (kind: "requests" | "limits", what: string) => {
        const fallback = (of: "cpu" | "memory") => {
            const [demo, byDefault] = [PROFILES.demo[part][kind][of], PROFILES.default[part][kind][of]];
            return demo === byDefault ? (demo ?? "none") : `${demo ?? "none"} (demo), ${byDefault ?? "none"} (default)`;
        };
        const CPU = { allowed: "CPU, such as 100m or 2", example: "100m", fallback: fallback("cpu") };
        const MEMORY = { allowed: "memory, such as 128Mi or 2Gi", example: "128Mi", fallback: fallback("memory") };
        return group({
            cpu: cpu.meta({ ...CPU, description: `CPU ${what} of ${subject}.` }),
            memory: memory.meta({ ...MEMORY, description: `Memory ${what} of ${subject}.` }),
        });
    };
    return group({ requests: amounts("requests", "request"), limits: amounts("limits", "limit") });
}

/** Three keys for a HorizontalPodAutoscaler. It needs the cluster's metrics API. */
function autoscaling(what: string) {
    const bound = (byDefault: number, description: string) =>
        wholeNumber(1, 100)
            .optional()
            .meta({
                allowed: "whole number from 1 to 100, with autoscaling on",
                fallback: String(byDefault),
                example: byDefault,
                description,
            });
    return group({
        enabled: z
            .boolean()
            .optional()
            .meta({
                fallback: "false (demo), true (default)",
                example: true,
                description: `Whether the number of ${what} replicas follows the load. Needs a metrics server.`,
            }),
        min: bound(REPLICAS.min, "Minimum number of replicas."),
        max: bound(REPLICAS.max, "Maximum number of replicas."),
    });
}

const overrides = (chart: string) =>
    z
        .record(z.string(), z.unknown())
        .default({})
        .meta({ allowed: "object", description: `Helm values that override ours for the chart ${chart}.` });

/** The top-level keys of the project's config, each with the schema of its value. */
export const SECTIONS = {
    cluster: CLUSTER_SECTION,

    istio: group({
        version: z
            .string()
            .regex(/^1\.31\.\d+(?:-[\w.]+)?$/, `it is not a release of Istio ${ISTIO_MINOR}`)
            .default(`${ISTIO_MINOR}.1`)
            .meta({ allowed: `${ISTIO_MINOR}.x`, description: "Version of Istio's charts." }),
        chartRepository: chartRepository.default("https://blob.istio.io/istio-release/charts").meta({
            allowed: "https://..., oci://..., or a directory with the charts base, istiod and gateway",
            description: "Source of Istio's charts. A directory is used regardless of its charts' version.",
        }),
        chartCredentials: chartCredentials("Istio's charts"),
        chartDigest: group({
            base: chartDigest("base"),
            istiod: chartDigest("istiod"),
            gateway: chartDigest("gateway"),
            cni: chartDigest("cni"),
        }),
        hub: registry.default("docker.io/istio").describe("Source of Istio's images."),
        tag: tag.optional().meta({
            fallback: "istio.version",
            example: `${ISTIO_MINOR}.1`,
            description: "Tag of Istio's images.",
        }),
        imagePullPolicy,
        timeout: wholeNumber(30, 3600).default(600).meta({
            allowed: "seconds, a whole number from 30 to 3600",
            description: "Maximum time for each Helm release to become ready, including a load balancer's address.",
        }),
        profile: z
            .enum(["demo", "default"])
            .default("demo")
            .describe("demo requests little, for small nodes; default requests what the charts request themselves."),
        global: group({
            mtls: group({ enabled: flag(true, "Whether workloads of the mesh accept only mutual TLS.") }),
        }),
        istiod: group({ resources: resources("istiod"), autoscaling: autoscaling("istiod") }),
        gateway: group({
            resources: resources("gateway"),
            autoscaling: autoscaling("ingress gateway"),
            ...GATEWAY_ACCESS,
        }),
        proxy: group({ resources: resources("proxy") }),
        networkPolicies: flag(
            true,
            "Whether NetworkPolicies say who may connect to istiod and the add-ons. false is for clusters that bring their own.",
        ),
        accessLogs: ACCESS_LOGS,
        ...PLATFORM_SECTIONS,
        ...ADDON_SECTIONS,
        values: group({
            base: overrides("base"),
            istiod: overrides("istiod"),
            gateway: overrides("gateway"),
            cni: overrides("cni"),
            kiali: overrides("kiali-server"),
        }),
    }).describe("The service mesh and its add-ons."),

    images: IMAGES_SECTION,

    app: group({
        namespace: z
            .string()
            .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, "it is not a name for a namespace")
            .refine((name) => !RESERVED_NAMESPACE.test(name), "it is reserved")
            .default("default")
            .meta({
                allowed: `lower-case letters, digits and hyphens, at most 63; not kube-* or ${ISTIO_NAMESPACE}`,
                description:
                    "Namespace of Bookinfo. One that exists, as default does, is only labelled. Any other is created, and deleted with the stack.",
            }),
        namespaceLabels: namespaceLabels("More labels of that namespace, such as pod-security.kubernetes.io/enforce."),
    }).describe("The namespace of the application."),

    bookinfo: group({
        registry: registry.default("docker.io/istio").describe("Source of Bookinfo's images."),
        tag: tag.default("1.20.3").describe("Tag of Bookinfo's images."),
        imagePullPolicy,
        traffic: TRAFFIC,
        ...SECURITY,
    }).describe("The sample application."),
};

export type SectionName = keyof typeof SECTIONS;
/** A section after its schema has parsed it, before the profile's values are added. */
export type Section<Name extends SectionName> = z.output<(typeof SECTIONS)[Name]>;
