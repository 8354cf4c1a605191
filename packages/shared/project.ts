import path from "node:path";

/** Name of the Pulumi project, and so the namespace of its config. */
export const PROJECT_NAME = "bookinfo-mesh";

/** The clone that these commands belong to. */
export const PROJECT_FOLDER = path.resolve(__dirname, "../..");

/** The stack that `npm run up` deploys to the sandbox cluster. */
export const SANDBOX_STACK = "local";

/** Where a running sandbox publishes real helm, kubectl and istioctl binaries. */
export const SANDBOX_BINARIES = "/run/bookinfo-mesh/bin";

/** The commands' own state: Pulumi's file backend, the passphrase, generated config, what was deployed where. */
export const STATE_FOLDER = path.join(PROJECT_FOLDER, ".state");

/** The committed config of a stack. */
export function stackFile(stack: string): string {
    return path.join(PROJECT_FOLDER, `Pulumi.${stack}.yaml`);
}
