import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { StackConfig } from "../program/stackConfig";
import { parseJson } from "../../shared/json";
import { PROJECT_NAME } from "../../shared/project";
import { toYaml } from "../../shared/yaml";

const CLUSTER_KEY = `${PROJECT_NAME}:cluster`;
const ISTIO_KEY = `${PROJECT_NAME}:istio`;
const PROJECT_KEY = "gcp:project";

/**
 * Evaluates the program with placeholders for the cluster with its credentials, a Google Cloud project, and local charts. So the same config gives the same files everywhere.
 */
export async function withPlaceholders<T>(
    config: StackConfig,
    evaluate: (config: StackConfig) => Promise<T>,
): Promise<T> {
    const folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-render-"));
    try {
        const charts = path.join(folder, "charts");
        const { chartRepository } = section(config, ISTIO_KEY);
        const placed = withPlaceholderCluster(config, folder);
        if (typeof chartRepository !== "string" || !path.isAbsolute(chartRepository)) {
            return await evaluate(placed);
        }
        for (const chart of ["base", "istiod", "gateway"]) {
            mkdirSync(path.join(charts, chart), { recursive: true });
            writeFileSync(path.join(charts, chart, "Chart.yaml"), "");
        }
        const istio = { ...section(config, ISTIO_KEY), chartRepository: charts };
        const declaration = await evaluate({ ...placed, [ISTIO_KEY]: JSON.stringify(istio) });
        return JSON.parse(JSON.stringify(declaration).replaceAll(charts, chartRepository)) as T;
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function withPlaceholderCluster(config: StackConfig, folder: string): StackConfig {
    const cluster = section(config, CLUSTER_KEY);
    if (cluster.kind === "gke") {
        return { [PROJECT_KEY]: "placeholder", ...config };
    }
    if (cluster.kind !== "kubeconfig" || cluster.path === undefined) {
        return config;
    }
    const kubeconfig = path.join(folder, "kubeconfig");
    writeFileSync(kubeconfig, toYaml(placeholderKubeconfig(cluster.context)));
    return { ...config, [CLUSTER_KEY]: JSON.stringify({ ...cluster, path: kubeconfig }) };
}

/** A section of the config; empty if it is missing or wrong, because the program reports that. */
function section(config: StackConfig, key: string): Record<string, unknown> {
    return (parseJson(config[key] ?? "") as Record<string, unknown> | null | undefined) ?? {};
}

function placeholderKubeconfig(context: unknown): object {
    const name = "placeholder";
    return {
        apiVersion: "v1",
        kind: "Config",
        // This name never resolves (RFC 6761).
        clusters: [{ name, cluster: { server: "https://placeholder.invalid" } }],
        users: [{ name, user: {} }],
        contexts: [{ name: context, context: { cluster: name, user: name } }],
    };
}
