import path from "node:path";

/** Name of the Pulumi project, and the namespace of its config. */
export const PROJECT_NAME = "bookinfo-mesh";

/** The root folder of this clone. */
export const PROJECT_FOLDER = path.resolve(__dirname, "../..");

/** The stack that `npm run up` deploys to the sandbox cluster. */
export const SANDBOX_STACK = "local";

/** Where a running sandbox publishes the real helm, kubectl and istioctl. */
export const SANDBOX_BINARIES = "/run/bookinfo-mesh/bin";

/** State of the commands: Pulumi's file backend, the passphrase, generated config, and the records of deployments. */
export const STATE_FOLDER = path.join(PROJECT_FOLDER, ".state");

/** The committed config of a stack. */
export function stackFile(stack: string): string {
    return path.join(PROJECT_FOLDER, `Pulumi.${stack}.yaml`);
}
