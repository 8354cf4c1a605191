/** What a config may hold of the add-ons, under `istio`. What the metadata mean is said in schema.ts. */
import { z } from "zod";
import { isMemory } from "../components/quantity";
import { chartRepository, image } from "./imageReferences";

function enabled(description: string) {
    return z.boolean().default(true).meta({ description });
}

/** A duration as Prometheus writes it, units from large to small: `6h`, `1d12h`, `500ms`. */
const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;

/** Whether a text is a duration; `0s` is one. */
function isDuration(text: string): boolean {
    return DURATION.test(text) && text !== "";
}

/** Whether a text is a duration, and longer than nothing. */
function isLasting(text: string): boolean {
    return isDuration(text) && /[1-9]/.test(text);
}

const duration = z.string().refine(isDuration, "it is not a duration");
const lasting = z.string().refine(isLasting, "it is not a duration");

/** A rule as Prometheus reads it: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
const rule = z
    .strictObject({
        record: z
            .string()
            .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "it is not a name for a metric")
            .optional(),
        alert: z.string().min(1, "it is empty").optional(),
        expr: z.string().min(1, "it is empty"),
        for: duration.optional(),
        keep_firing_for: duration.optional(),
        labels: z.record(z.string(), z.string()).optional(),
        annotations: z.record(z.string(), z.string()).optional(),
    })
    .refine(({ record, alert }) => (record === undefined) !== (alert === undefined), {
        message: "a rule has either record or alert",
    });

const ruleGroup = z.strictObject({
    name: z.string().min(1, "it is empty"),
    interval: lasting.optional(),
    limit: z.int().min(0, "it is too small").optional(),
    query_offset: duration.optional(),
    labels: z.record(z.string(), z.string()).optional(),
    rules: z.array(rule).min(1, "it is empty"),
});

/** Prometheus refuses a file with two groups of one name, and does not start. */
const ruleGroups = z.array(ruleGroup).superRefine((groups, context) => {
    const names = groups.map(({ name }) => name);
    names.forEach((name, index) => {
        if (names.indexOf(name) < index) {
            context.addIssue({ code: "custom", path: [index, "name"], message: "another group has this name already" });
        }
    });
});

export const ADDON_SECTIONS = {
    tracing: z
        .strictObject({
            enabled: enabled("Whether there is Jaeger, and the proxies send it traces."),
            sampling: z
                .number()
                .min(0, "it is less than nothing")
                .max(100, "it is more than all")
                .default(100)
                .meta({ allowed: "0 to 100", description: "Percentage of requests that are traced." }),
            image: image
                .default(
                    "docker.io/jaegertracing/jaeger:2.20.0@sha256:46a886260e04002d8f45e213fc39063fa11a50446048fdaa64786fc0840cb9f8",
                )
                .meta({ description: "Image of Jaeger 2." }),
        })
        .prefault({}),

    prometheus: z
        .strictObject({
            enabled: z.boolean().optional().meta({
                fallback: "true if istio.grafana, istio.kiali or istio.servicegraph is enabled",
                example: true,
                description: "Whether there is Prometheus. It is on as well where it is needed by what is enabled.",
            }),
            image: image
                .default(
                    "docker.io/prom/prometheus:v3.15.0@sha256:efd719c99d83b060d9daefdcf00360461adf279f45ef5391f8d111892118753e",
                )
                .meta({ description: "Image of Prometheus 3." }),
            retention: lasting
                .default("6h")
                .meta({ allowed: "duration, such as 6h or 1d12h", description: "How long samples are kept." }),
            storage: z
                .strictObject({
                    size: z.string().refine(isMemory, "it is not an amount of storage").default("2Gi").meta({
                        allowed: "storage, such as 2Gi; at least 256Mi",
                        description: "Space for samples. The oldest go before it is full.",
                    }),
                    persistent: z.boolean().default(false).meta({
                        description: "Whether samples outlive the pod, in a volume of the default storage class.",
                    }),
                })
                .prefault({}),
            rules: ruleGroups.default([]).meta({
                allowed: "list of rule groups, as in a rule file of Prometheus",
                description: "Recording and alerting rules.",
            }),
        })
        .prefault({}),

    grafana: z
        .strictObject({
            enabled: enabled("Whether there is Grafana, with dashboards for the mesh."),
            image: image
                .default(
                    "docker.io/grafana/grafana:13.2.2@sha256:ac461fb352abc50da10a51c7d02462e9c05488f11f53f14b3ad79a8145f638a0",
                )
                .meta({ description: "Image of Grafana." }),
        })
        .prefault({}),

    kiali: z
        .strictObject({
            enabled: enabled("Whether there is Kiali."),
            version: z
                .string()
                .regex(/^2\.\d+\.\d+$/, "it is not a release of Kiali 2")
                .default("2.31.0")
                .meta({ allowed: "2.x.y", description: "Version of the chart kiali-server, and of Kiali." }),
            chartRepository: chartRepository.default("https://kiali.org/helm-charts").meta({
                allowed: "https://..., oci://..., or a directory with the chart kiali-server",
                description: "Where Kiali's chart comes from. A directory is used whatever its chart's version.",
            }),
        })
        .prefault({}),

    servicegraph: z
        .strictObject({
            enabled: enabled("Whether there is servicegraph, which draws the mesh as Istio 1.0's did."),
            image: image
                .default("docker.io/library/node:24.21.0-bookworm-slim")
                .meta({ description: "Image with Node, 20.20 or newer, that runs servicegraph." }),
        })
        .prefault({}),
};
