/**
 * The program's config: the one place that reads it. Its keys are in config/schema.ts; what holds between them, and between
 * them and this machine, is in config/checks.ts.
 */
import * as pulumi from "@pulumi/pulumi";
import { type Config, parseConfig } from "./parse";
import { ConfigError } from "./faults";

export { type Config, parseConfig } from "./parse";
export { ConfigError } from "./faults";
export { configTable } from "./configTable";

/** The config, with the parts that were set as secrets wrapped as such. */
export type StackConfig = Omit<Config, "istio"> & {
    readonly istio: Omit<Config["istio"], "values"> & { readonly values: pulumi.Input<Config["istio"]["values"]> };
};

/**
 * Reads the stack's config. Call it before anything is registered: a faulty config then leaves no trace.
 *
 * @throws RunError with a line for each fault, which Pulumi prints without a stack trace.
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

/** Part of Pulumi's runtime, but not of its types: `pulumi.Config` can make a value secret, not tell whether it is one. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
