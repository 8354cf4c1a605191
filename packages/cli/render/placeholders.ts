import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Declaration } from "../program/declaration";
import { evaluateProgram } from "../program/evaluate";
import { completeConfig, sectionOf, type StackFile } from "../program/projectConfig";
import { isEncrypted, type StackConfig } from "../program/stackConfig";
import { parseJson } from "../../shared/json";
import { PROJECT_FOLDER, PROJECT_NAME } from "../../shared/project";
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

/** What the program declares with a stack's file, and with placeholders. Neither the cluster nor the charts need to be there. */
export function declarationWithPlaceholders(
    stack: string,
    file: StackFile | undefined,
    stop: AbortSignal,
): Promise<Declaration> {
    return withPlaceholders(completeConfig(stack, file), (config) =>
        evaluateProgram({ folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config }, stop),
    );
}

/**
 * A stack's file with placeholders for encrypted credentials, which a rendering never writes. Only the Pulumi CLI could
 * decrypt them.
 * @param charts whether charts are downloaded, which needs the real credentials of their repositories
 */
export function withPlaceholderCredentials(
    file: StackFile | undefined,
    { charts }: { charts: boolean },
): StackFile | undefined {
    const { dockerConfig, ...images } = mappingOf(sectionOf(file, "images"));
    const istio = mappingOf(sectionOf(file, "istio"));
    const login = (settings: Record<string, unknown>) =>
        !charts && isEncrypted(settings.chartCredentials)
            ? { ...settings, chartCredentials: PLACEHOLDER_LOGIN }
            : settings;
    const replaced = {
        ...(isEncrypted(dockerConfig) && { images: { ...images, dockerConfig: PLACEHOLDER_DOCKER_CONFIG } }),
        istio: { ...login(istio), ...("kiali" in istio && { kiali: login(mappingOf(istio.kiali)) }) },
    };
    const config = Object.entries(file?.config ?? {}).map(([key, value]) => {
        const section = key.replace(`${PROJECT_NAME}:`, "") as keyof typeof replaced;
        return [key, typeof value === "object" && section in replaced ? replaced[section] : value];
    });
    return file && { ...file, config: Object.fromEntries(config) as Record<string, unknown> };
}

const PLACEHOLDER_LOGIN = { username: "placeholder", password: "placeholder" };
const PLACEHOLDER_DOCKER_CONFIG = JSON.stringify({ auths: { "placeholder.invalid": PLACEHOLDER_LOGIN } });

function mappingOf(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
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
