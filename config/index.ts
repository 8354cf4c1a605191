/**
 * The program's config: the only place that reads it. schema.ts has its keys; crossFieldChecks.ts checks them against each
 * other and against this machine.
 */
import * as pulumi from "@pulumi/pulumi";
import type { ImageCredentials } from "../components/pullSecrets";
import type { ChartCredentials } from "../packages/shared/chartCredentials";
import { clusterWarnings } from "./gke";
import { ConfigError } from "./issues";
import { type Config, parseConfig } from "./parse";

export { configTable } from "./configTable";
export { ConfigError } from "./issues";
export { type Config, parseConfig } from "./parse";

/**
 * The config, with those parts wrapped as secrets that were set as secrets. Credentials are always secrets, however they
 * were set.
 */
export type StackConfig = Omit<Config, "istio" | "images"> & {
    readonly images: ImageCredentials;
    readonly istio: Omit<Config["istio"], "values" | "kiali" | "chartCredentials"> &
        SecretChartCredentials & {
            readonly values: pulumi.Input<Config["istio"]["values"]>;
            readonly kiali: Omit<Config["istio"]["kiali"], "chartCredentials"> & SecretChartCredentials;
        };
};

interface SecretChartCredentials {
    readonly chartCredentials?: pulumi.Output<ChartCredentials>;
}

/**
 * Reads the stack's config. Call it before anything is registered, so that an invalid config leaves no trace.
 *
 * @throws RunError with a line for each issue, which Pulumi prints without a stack trace.
 */
export function readConfig(): StackConfig {
    const namespace = `${new pulumi.Config().name}:`;
    const keys = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(namespace));
    const raw = Object.fromEntries(keys.map(([key, value]) => [key.slice(namespace.length), value]));
    const secret = Object.keys(raw).filter((key) => isConfigSecret(namespace + key));
    const gcp = new pulumi.Config("gcp");
    const google = { project: gcp.get("project"), zone: gcp.get("zone"), region: gcp.get("region") };
    try {
        const config = parseConfig(raw, { secret, google });
        warnOfPlainCredentials(config, secret);
        for (const warning of clusterWarnings(config.cluster)) {
            void pulumi.log.warn(warning);
        }
        return withSecrets(config, secret);
    } catch (error) {
        throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
    }
}

/** Pulumi keeps the config of every update in its history. What is no secret there, is in clear text. */
function warnOfPlainCredentials({ istio, images }: Config, secret: readonly string[]): void {
    const set = {
        "images.dockerConfig": images.dockerConfig,
        "istio.chartCredentials": istio.chartCredentials,
        "istio.kiali.chartCredentials": istio.kiali.chartCredentials,
    };
    for (const [key, value] of Object.entries(set)) {
        if (value !== undefined && !secret.includes(key.replace(/\..*/, ""))) {
            const encrypt = "pulumi config set --secret --path";
            void pulumi.log.warn(
                `${key} is in clear text in the stack's file: keep that file to yourself, or encrypt it (${encrypt}).`,
            );
        }
    }
}

function withSecrets({ istio, images, ...config }: Config, secret: readonly string[]): StackConfig {
    const { chartCredentials, kiali, values, ...others } = istio;
    const { chartCredentials: ofKiali, ...kialiSettings } = kiali;
    const { dockerConfig, ...imageSettings } = images;
    return {
        ...config,
        images: { ...imageSettings, ...(dockerConfig !== undefined && { dockerConfig: pulumi.secret(dockerConfig) }) },
        istio: {
            ...others,
            values: secret.includes("istio") ? pulumi.secret(values) : values,
            kiali: { ...kialiSettings, ...secretCredentials(ofKiali) },
            ...secretCredentials(chartCredentials),
        },
    };
}

function secretCredentials(credentials: ChartCredentials | undefined): SecretChartCredentials {
    return credentials === undefined ? {} : { chartCredentials: pulumi.secret(credentials) };
}

/** In Pulumi's runtime, but not in its types. `pulumi.Config` cannot tell whether a value is a secret. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
