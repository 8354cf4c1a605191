import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { StackConfig } from "../program/stackConfig";
import { parseJson } from "../../shared/json";
import { PROJECT_NAME } from "../../shared/project";
import { toYaml } from "../../shared/yaml";

const CLUSTER_KEY = `${PROJECT_NAME}:cluster`;
const PROJECT_KEY = "gcp:project";

/**
 * Runs something with a config whose cluster is a kubeconfig without credentials, or in any Google Cloud project. The
 * rendering does not depend on the cluster, so it needs no cluster and cannot show its credentials.
 */
export async function withPlaceholderCluster<T>(
    config: StackConfig,
    use: (config: StackConfig) => Promise<T>,
): Promise<T> {
    // The program reports a wrong value.
    const cluster = parseJson(config[CLUSTER_KEY] ?? "") as Record<string, unknown> | null | undefined;
    if (cluster?.kind === "gke") {
        return use({ [PROJECT_KEY]: "placeholder", ...config });
    }
    if (cluster?.kind !== "kubeconfig" || cluster.path === undefined) {
        return use(config);
    }
    const folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-kubeconfig-"));
    try {
        const kubeconfig = path.join(folder, "kubeconfig");
        writeFileSync(kubeconfig, toYaml(placeholderKubeconfig(cluster.context)));
        return await use({ ...config, [CLUSTER_KEY]: JSON.stringify({ ...cluster, path: kubeconfig }) });
    } finally {
        rmSync(folder, { recursive: true });
    }
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
