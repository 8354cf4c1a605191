/**
 * The program's config: the only place that reads it. schema.ts has its keys; crossFieldChecks.ts checks them against each
 * other and against this machine.
 */
import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "./issues";
import { type Config, parseConfig } from "./parse";

export { configTable } from "./configTable";
export { ConfigError } from "./issues";
export { type Config, parseConfig } from "./parse";

/** The config, with those parts wrapped as secrets that were set as secrets. */
export type StackConfig = Omit<Config, "istio"> & {
    readonly istio: Omit<Config["istio"], "values"> & { readonly values: pulumi.Input<Config["istio"]["values"]> };
};

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
        const { istio } = config;
        return secret.includes("istio")
            ? { ...config, istio: { ...istio, values: pulumi.secret(istio.values) } }
            : config;
    } catch (error) {
        throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
    }
}

/** In Pulumi's runtime, but not in its types. `pulumi.Config` cannot tell whether a value is a secret. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
