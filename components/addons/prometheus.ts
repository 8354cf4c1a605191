import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { ADDONS } from "../names";
import { bytes } from "../quantity";
import { Addon, type AddonPlace } from "./addon";
import type { AddonSpec } from "./deployment";
import { scrapeJobs } from "./scrapeConfig";

export interface PrometheusArgs extends AddonPlace {
    /** The image with its tag, of Prometheus 3. */
    image: string;
    /** How long samples are kept, in Prometheus' notation, such as `6h`. Shorter if the storage is full before. */
    retention: string;
    /** Space for samples, as a Kubernetes quantity; `persistent` storage outlives the pod. */
    storage: { size: string; persistent: boolean };
    /** Groups of recording and alerting rules, as in a rule file of Prometheus. */
    rules: readonly object[];
}

/** Prometheus, which scrapes the control plane, every proxy, and every other pod that is annotated for it. */
export class Prometheus extends pulumi.ComponentResource {
    constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:addons:Prometheus", name, args, opts);

        new Addon(
            name,
            {
                ...prometheusSpec(args),
                namespace: args.namespace,
                pullSecrets: args.pullSecrets,
                clusterAssignsUsers: args.clusterAssignsUsers,
                // For service discovery.
                permissions: [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }],
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** How often to scrape and to evaluate rules. */
export const SCRAPE_INTERVAL = "15s";

const CONFIG_PATH = "/etc/prometheus";
const DATA_PATH = "/prometheus";

/**
 * The share of the storage that samples can fill before the oldest are deleted. The rest is for the next segment of the
 * write-ahead log, and for compaction: it writes a new block before it deletes the old ones.
 */
const FILL_LEVEL = 0.75;

export function prometheusSpec({
    image,
    retention,
    storage,
    rules,
}: Omit<PrometheusArgs, "namespace" | "pullSecrets">): AddonSpec {
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
        ],
        // The image's own user, nobody.
        user: 65534,
        ports: { http: ADDONS.prometheus.port },
        probes: { port: "http", live: "/-/healthy", ready: "/-/ready" },
        metrics: { port: "http", path: "/metrics" },
        config: {
            config: {
                path: CONFIG_PATH,
                files: { "prometheus.yaml": prometheusConfig(), "rules.yaml": stringify({ groups: rules }) },
            },
        },
        storage: { data: { path: DATA_PATH, ...storage } },
        resources: { requests: { cpu: "50m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    };
}

/** Prometheus' configuration file. */
export function prometheusConfig(): string {
    return stringify(
        {
            global: { scrape_interval: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL },
            rule_files: [`${CONFIG_PATH}/rules.yaml`],
            scrape_configs: scrapeJobs(),
        },
        // YAML anchors would be harder to read for people.
        { aliasDuplicateObjects: false },
    );
}
