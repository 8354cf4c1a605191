import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { ADDONS, ISTIO_NAMESPACE } from "../names";
import { bytes } from "../quantity";
import { Addon, type AddonPlace } from "./addon";
import type { AddonSpec } from "./deployment";
import { scrapedNamespaces, type ScrapedNamespaces, scrapeJobs } from "./scrapeConfig";

export interface PrometheusArgs extends AddonPlace {
    /** The image with its tag, of Prometheus 3. */
    image: string;
    /** How long samples are kept, in Prometheus' notation, such as `6h`. Shorter if the storage is full before. */
    retention: string;
    /** Space for samples, as a Kubernetes quantity; `persistent` storage outlives the pod. */
    storage: { size: string; persistent: boolean };
    /** The application's namespace, and its name as it is known once the namespace exists. */
    app: { name: string; existing: pulumi.Input<string> };
    /** More namespaces whose annotated pods are scraped. They exist. */
    namespaces: readonly string[];
    /** Groups of recording and alerting rules, as in a rule file of Prometheus. */
    rules: readonly object[];
}

/** Prometheus, which scrapes the control plane, the proxies, the add-ons, and annotated pods in some namespaces. */
export class Prometheus extends pulumi.ComponentResource {
    constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
        const { app, namespaces, ...inputs } = args;
        // Without the application's namespace: a component waits for its inputs, and Prometheus need not.
        super("bookinfo-mesh:addons:Prometheus", name, inputs, opts);

        const scraped = { app: app.name, others: namespaces };
        const existing: Record<string, pulumi.Input<string>> = {
            [ISTIO_NAMESPACE]: args.namespace,
            [app.name]: app.existing,
        };
        const names = scrapedNamespaces(scraped).map((each) => [each, existing[each] ?? each] as const);
        new Addon(
            name,
            {
                ...prometheusSpec(inputs, scraped),
                namespace: args.namespace,
                pullSecrets: args.pullSecrets,
                clusterAssignsUsers: args.clusterAssignsUsers,
                // For service discovery.
                permissions: {
                    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }],
                    namespaces: Object.fromEntries(names),
                },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/**
 * How often to scrape and to evaluate rules. A rate needs two scrapes: with the 15 s of Istio's sample, graphs and `verify` would show new
 * traffic only after half a minute.
 */
export const SCRAPE_INTERVAL = "5s";

const CONFIG_PATH = "/etc/prometheus";
const DATA_PATH = "/prometheus";

/**
 * The share of the storage that samples can fill before the oldest are deleted. The rest is for the next segment of the
 * write-ahead log, and for compaction: it writes a new block before it deletes the old ones.
 */
const FILL_LEVEL = 0.75;

export function prometheusSpec(
    { image, retention, storage, rules }: Pick<PrometheusArgs, "image" | "retention" | "storage" | "rules">,
    scraped: ScrapedNamespaces,
): AddonSpec {
    // Prometheus' MB is what others call MiB.
    const megabytes = Math.floor((bytes(storage.size) * FILL_LEVEL) / 1024 ** 2);
    return {
        name: "prometheus",
        image,
        args: [
            `--config.file=${CONFIG_PATH}/prometheus.yaml`,
            `--storage.tsdb.path=${DATA_PATH}`,
            `--storage.tsdb.retention.time=${retention}`,
            `--storage.tsdb.retention.size=${megabytes}MB`,
            // Without a host, so also on IPv6.
            `--web.listen-address=:${ADDONS.prometheus.port}`,
            // Pages of other origins may not read answers. By default, those of any origin may.
            `--web.cors.origin=http://localhost:${ADDONS.prometheus.port}`,
        ],
        // The image's own user, nobody.
        user: 65534,
        ports: { http: ADDONS.prometheus.port },
        probes: { port: "http", live: "/-/healthy", ready: "/-/ready" },
        metrics: { port: "http", path: "/metrics" },
        config: {
            config: {
                path: CONFIG_PATH,
                files: { "prometheus.yaml": prometheusConfig(scraped), "rules.yaml": stringify({ groups: rules }) },
            },
        },
        storage: { data: { path: DATA_PATH, ...storage } },
        resources: { requests: { cpu: "50m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    };
}

/**
 * What one answer of a target may have. A target with more is down, and its series end. The largest one is Envoy: about 70 series for
 * each pair of client and server with a status.
 */
const LIMITS = {
    sample_limit: 10_000,
    body_size_limit: "16MB",
    label_limit: 64,
    label_name_length_limit: 128,
    label_value_length_limit: 1024,
};

/** Prometheus' configuration file. */
export function prometheusConfig(scraped: ScrapedNamespaces): string {
    return stringify(
        {
            global: {
                scrape_interval: SCRAPE_INTERVAL,
                evaluation_interval: SCRAPE_INTERVAL,
                ...LIMITS,
                // Targets that relabelling drops are shown with all labels and annotations of their pods. 0 means all of them.
                keep_dropped_targets: 1,
            },
            rule_files: [`${CONFIG_PATH}/rules.yaml`],
            scrape_configs: scrapeJobs(scraped),
        },
        // YAML anchors would be harder to read for people.
        { aliasDuplicateObjects: false },
    );
}
