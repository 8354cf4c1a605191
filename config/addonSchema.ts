/** The add-ons' part of the config, under `istio`. schema.ts explains the metadata. */
import * as z from "zod";
import { isMemory } from "../components/quantity";
import { flag, group, nonEmpty } from "./fields";
import { chartCredentials, chartDigest, chartRepository, image } from "./imageReferences";
import { pinned } from "./pinnedImages";

/** A duration in Prometheus' notation, with units from large to small: `6h`, `1d12h`, `500ms`. */
const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;

/** `0s` is a duration too. */
function isDuration(text: string): boolean {
    return DURATION.test(text) && text !== "";
}

const duration = z.string().refine(isDuration, "it is not a duration");
const positiveDuration = z.string().refine((text) => isDuration(text) && /[1-9]/.test(text), "it is not a duration");

const imageOf = (byDefault: string, description: string) => image.default(byDefault).describe(description);

const texts = z.record(z.string(), z.string()).optional();

/** A rule as in https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
const rule = z
    .strictObject({
        record: z
            .string()
            .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "it is not a name for a metric")
            .optional(),
        alert: nonEmpty.optional(),
        expr: nonEmpty,
        for: duration.optional(),
        keep_firing_for: duration.optional(),
        labels: texts,
        annotations: texts,
    })
    .refine(({ record, alert }) => (record === undefined) !== (alert === undefined), {
        message: "a rule has either record or alert",
    });

const ruleGroup = z.strictObject({
    name: nonEmpty,
    interval: positiveDuration.optional(),
    limit: z.int().min(0, "must be at least 0").optional(),
    query_offset: duration.optional(),
    labels: texts,
    rules: z.array(rule).min(1, "it is empty"),
});

/** Prometheus does not start with two groups of the same name in one file. */
const ruleGroups = z.array(ruleGroup).superRefine((groups, context) => {
    const names = groups.map(({ name }) => name);
    names.forEach((name, index) => {
        if (names.indexOf(name) < index) {
            context.addIssue({ code: "custom", path: [index, "name"], message: "another group has this name already" });
        }
    });
});

const namespaces = z
    .array(
        z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, "it is not a name for a namespace"),
        "it is not a list",
    )
    .refine((names) => new Set(names).size === names.length, "a name is in it twice");

/** The address of an HTTP API. A path is a prefix of the API's paths. Credentials in it are refused with those of all URLs. */
const httpUrl = z.string().superRefine((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const refuse = (message: string) => {
        context.addIssue({ code: "custom", message });
    };
    if (!url || !/^https?:$/.test(url.protocol) || !/^https?:\/\/[^/]/i.test(text)) {
        refuse("it is not an http or https URL");
    } else if (/[?#]/.test(text)) {
        refuse("it has a query or a fragment");
    }
});

export const ADDON_SECTIONS = {
    tracing: group({
        enabled: flag(true, "Whether to deploy Jaeger, and to have the proxies send it traces."),
        sampling: z
            .number()
            .min(0, "must be at least 0")
            .max(100, "must be at most 100")
            .default(100)
            .meta({ allowed: "0 to 100", description: "Percentage of requests that are traced." }),
        image: imageOf(pinned("docker.io/jaegertracing/jaeger:2.20.0"), "Image of Jaeger 2."),
    }),

    prometheus: group({
        enabled: z.boolean().optional().meta({
            fallback: "true if istio.grafana, istio.kiali or istio.servicegraph is enabled",
            example: true,
            description: "Whether to deploy Prometheus. If an enabled add-on needs it, it is deployed in any case.",
        }),
        url: httpUrl.optional().meta({
            allowed: "http or https URL without user, password and query, as pods in istio-system reach it",
            example: "http://prometheus-server.monitoring.svc:80",
            description: "A Prometheus that is there already: all add-ons read it, and none is deployed.",
        }),
        image: imageOf(pinned("docker.io/prom/prometheus:v3.15.0"), "Image of Prometheus 3."),
        retention: positiveDuration
            .default("6h")
            .meta({ allowed: "duration, such as 6h or 1d12h", description: "How long samples are kept." }),
        storage: group({
            size: z.string().refine(isMemory, "it is not an amount of storage").default("2Gi").meta({
                allowed: "storage, such as 2Gi; at least 256Mi",
                description: "Space for samples. The oldest samples are deleted before it is full.",
            }),
            persistent: flag(false, "Whether samples outlive the pod, in a volume of the default storage class."),
        }),
        namespaces: namespaces.default([]).meta({
            allowed: "list of names of namespaces",
            description:
                "More namespaces whose pods Prometheus scrapes, if they have a proxy or the annotation prometheus.io/scrape. They must exist.",
        }),
        rules: ruleGroups.default([]).meta({
            allowed: "list of rule groups, as in a rule file of Prometheus",
            description: "Recording and alerting rules.",
        }),
    }),

    grafana: group({
        enabled: flag(true, "Whether to deploy Grafana, with dashboards for the mesh."),
        image: imageOf(pinned("docker.io/grafana/grafana:13.2.2"), "Image of Grafana."),
    }),

    kiali: group({
        enabled: flag(true, "Whether to deploy Kiali."),
        version: z
            .string()
            .regex(/^2\.\d+\.\d+$/, { error: "it is not a release of Kiali 2", abort: true })
            .regex(/^2\.(?:19|[2-9]\d|\d{3,})\./, "its chart gives Kiali permissions in the whole cluster only")
            .default("2.31.0")
            .meta({ allowed: "2.x.y from 2.19.0 on", description: "Version of the chart kiali-server, and of Kiali." }),
        logs: flag(false, "Whether Kiali shows the logs of pods, in istio-system and in the application's namespace."),
        chartRepository: chartRepository.default("https://kiali.org/helm-charts").meta({
            allowed: "https://..., oci://..., or a directory with the chart kiali-server",
            description: "Source of Kiali's chart. A directory is used regardless of its chart's version.",
        }),
        chartCredentials: chartCredentials("Kiali's chart"),
        chartDigest: chartDigest("kiali-server"),
    }),

    servicegraph: group({
        enabled: flag(true, "Whether to deploy servicegraph, which draws the mesh as the one of Istio 1.0 did."),
        image: imageOf(
            "docker.io/library/node:24.21.0-bookworm-slim",
            "Image with Node 20.20 or newer, which runs servicegraph.",
        ),
    }),
};
