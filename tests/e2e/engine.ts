import * as fs from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { version as providerVersion } from "@pulumi/kubernetes/package.json";
import { searchPath } from "../../packages/shared/childProcess";
import { CLI_RELEASE } from "../../packages/cli/engine/download";
import { engineEnvironment, findCli, hasProvider } from "../../packages/cli/engine/discovery";
import { clone, type CommandResult, runCommand } from "./commands";

/* Pulumi's engine as a user has it: the CLI, and the state that `npm run up` keeps in this clone. */

const home = process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");
const cli = findCli(searchPath(), home, CLI_RELEASE.version);
/** Whether `npm run up` deploys with Pulumi's engine. */
export const hasEngine = cli !== undefined && hasProvider(searchPath(), home, providerVersion);

/** Path of the Pulumi CLI. */
export const pulumiCli = cli ?? "pulumi";

/** The folder in which the commands keep their state, with the state of the engine. */
export const stateFolder = path.join(clone, ".state");
const backend = path.join(stateFolder, "pulumi");

/** Declares tests that need the CLI. Without it they are reported as skipped. */
export const describeWithPulumi = (title: string, tests: () => void): void => {
    const needs = "needs the Pulumi CLI, on PATH or where the commands download it to, and its Kubernetes provider";
    (hasEngine ? describe : describe.skip)(`${title} (${needs})`, tests);
};

/** Runs the CLI on a stack, with the settings that `npm run up` prints. */
export const pulumiOn =
    (stack: string, state = stateFolder) =>
    (command: string, ...args: string[]): Promise<CommandResult> => {
        const configFile = path.join(state, "workspace", `Pulumi.${stack}.yaml`);
        const needsConfig = /^(up|preview|refresh|destroy)\b/.test(command);
        const options = ["--stack", stack, "--non-interactive", ...(needsConfig ? ["--config-file", configFile] : [])];
        return runCommand(pulumiCli, [...command.split(" "), ...options, ...args], {
            ...engineEnvironment(pulumiCli),
            PULUMI_BACKEND_URL: `file://${path.join(state, "pulumi")}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: path.join(state, "passphrase"),
        });
    };

/** Runs the CLI on the sandbox's stack. */
export const pulumi = pulumiOn("local");

/** What a preview with `--json` would change: each resource's operation and URN. */
export function changesIn({ stdout }: CommandResult): { op: string; urn: string }[] {
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    return steps.filter(({ op }) => !["same", "read", "refresh"].includes(op));
}

interface StateResource {
    urn: string;
    type: string;
    id?: string;
    inputs?: { apiVersion?: string; kind?: string; metadata?: { namespace?: string; name?: string } };
}

function latestState(stack = "local") {
    const file = path.join(backend, ".pulumi", "stacks", "bookinfo-mesh", `${stack}.json`);
    const { checkpoint } = JSON.parse(fs.readFileSync(file, "utf8")) as {
        checkpoint: {
            latest?: { resources?: StateResource[]; pending_operations?: { type: string; resource: StateResource }[] };
        };
    };
    const { resources = [], pending_operations: pending = [] } = checkpoint.latest ?? {};
    return { resources, pending };
}

/** The URNs of the resources in a stack's state, and the operations that never ended. */
export function readState(stack?: string): { resources: string[]; pending: string[] } {
    const { resources, pending } = latestState(stack);
    return {
        resources: resources.map(({ urn }) => urn).sort(),
        pending: pending.map(({ type, resource }) => `${type} ${resource.urn}`),
    };
}

/** The objects in a stack's state, in the form of `listObjects`. */
export function recordedObjects(stack?: string): string[] {
    return latestState(stack).resources.flatMap(({ type, inputs: { apiVersion, kind, metadata = {} } = {} }) =>
        kind === undefined || type.endsWith("Patch")
            ? []
            : [`${apiVersion}/${kind} ${metadata.namespace ?? "<none>"}/${metadata.name}`],
    );
}
