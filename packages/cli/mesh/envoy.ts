/** What a pod's Envoy says of itself at its administration interface, which only the pod itself reaches: so by a port-forward. */
import { BOOKINFO_PORT } from "../../../components/names";
import { valueAt } from "../../../config/valueAt";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { parseJson } from "../../shared/json";
import { UserError } from "../../shared/errors";
import { getOver } from "./throughApi";

/** `proxyAdminPort` of Istio's mesh config. */
const ADMIN_PORT = 15000;

/** Where a counter's name begins and ends, its labels, and its value: `name{label="value",...} 7`. */
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\d+(?:\.\d+)?)$/gm;

/** A pod's Envoy. Each method throws a UserError if it is not reached, or the user may not forward ports. */
export class Envoy {
    constructor(
        private readonly api: ClusterApi,
        private readonly pod: KubernetesObject,
        private readonly stop?: AbortSignal,
    ) {}

    /** Envoy's configuration of the clusters by which requests reach a service, one for each of its subsets and one for all. */
    async clusters(service: string, namespace: string): Promise<unknown[]> {
        // Envoy compares the whole name.
        const name = `outbound\\|${BOOKINFO_PORT}\\|[^|]*\\|${service}\\.${namespace}\\..*`;
        const configs = await this.configs("dynamic_active_clusters", name);
        return configs.map((config) => valueAt(config, ["cluster"]));
    }

    /** Envoy's configuration of an HTTP filter for incoming requests, once for each place where it is. */
    async inboundFilters(filter: string): Promise<unknown[]> {
        const listeners = await this.configs("dynamic_listeners", "virtualInbound");
        return named(listeners, filter).map((found) => valueAt(found, ["typed_config"]));
    }

    /**
     * The pods of a service as this Envoy sees them, by subset (empty: all of them). Envoy keeps these counters for each host, whatever
     * Istio says of its statistics.
     */
    async hosts(service: string, namespace: string): Promise<Host[]> {
        const { cluster_statuses: statuses = [] } = (await this.json("/clusters?format=json")) as ClusterStatuses;
        return statuses.flatMap(({ name = "", host_statuses: hosts = [] }) => {
            const [direction, port, subset = "", host = ""] = name.split("|");
            const isAbout =
                direction === "outbound" &&
                port === String(BOOKINFO_PORT) &&
                host.startsWith(`${service}.${namespace}.`);
            return isAbout
                ? hosts.map(({ address, stats = [], health_status: health }) => ({
                      subset,
                      address: JSON.stringify(address),
                      requests: Number(stats.find((each) => each.name === "rq_total")?.value ?? 0),
                      ejected: health?.failed_outlier_check ?? false,
                  }))
                : [];
        });
    }

    /** Counters whose name in Envoy matches a pattern. Istio has Envoy keep few of its own (pkg/bootstrap/config.go). */
    async counters(pattern: string): Promise<Counter[]> {
        const text = await this.get(`/stats/prometheus?filter=${encodeURIComponent(pattern)}`);
        return [...text.matchAll(SAMPLE)].map(([, name = "", labels = "", value]) => ({
            name,
            labels: Object.fromEntries(
                [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", text = ""]) => [key, text]),
            ),
            value: Number(value),
        }));
    }

    private async configs(resource: string, name: string): Promise<unknown[]> {
        const query = new URLSearchParams({ resource, name_regex: name }).toString();
        const { configs = [] } = (await this.json(`/config_dump?${query}`)) as { configs?: unknown[] };
        return configs;
    }

    private async json(path: string): Promise<unknown> {
        return parseJson(await this.get(path)) ?? {};
    }

    private async get(path: string): Promise<string> {
        const { name, namespace = "default" } = this.pod.metadata;
        const connection = await this.api.connectToPod({ namespace, name }, ADMIN_PORT);
        const { status, text } = await getOver(connection, path, { host: "localhost" }, this.stop);
        if (status !== 200) {
            throw new UserError(`the proxy of ${name} answers ${status} at ${path.replace(/\?.*/, "")}`);
        }
        return text;
    }
}

/** A pod as a client's Envoy sees it. */
export interface Host {
    subset: string;
    address: string;
    /** How many requests it has got from this Envoy. */
    requests: number;
    /** Whether this Envoy sends it none for a while. */
    ejected: boolean;
}

export interface Counter {
    name: string;
    labels: Readonly<Record<string, string>>;
    value: number;
}

/** `envoy.admin.v3.Clusters` as JSON: without fields that have their default, and with 64-bit numbers as texts. */
interface ClusterStatuses {
    cluster_statuses?: {
        name?: string;
        host_statuses?: {
            address?: unknown;
            stats?: { name?: string; value?: string }[];
            health_status?: { failed_outlier_check?: boolean };
        }[];
    }[];
}

/** All objects in a tree with a name. */
function named(tree: unknown, name: string): object[] {
    if (typeof tree !== "object" || tree === null) {
        return [];
    }
    const own = valueAt(tree, ["name"]) === name ? [tree] : [];
    return [...own, ...Object.values(tree).flatMap((child) => named(child, name))];
}
