import * as fs from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { version as pinnedCli } from "pulumi/package.json";
import { version as providerVersion } from "@pulumi/kubernetes/package.json";
import { searchPath } from "../../packages/shared/childProcess";
import { engineEnvironment, findCli, hasProvider } from "../../packages/cli/engine/discovery";
import { clone, type Ended, runCommand } from "./commands";

/* Pulumi's engine as a person has it: the CLI, and the state that `npm run up` keeps in this clone. */

const home = process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");
const cli = findCli(searchPath(), home, pinnedCli);
const hasEngine = cli !== undefined && hasProvider(searchPath(), home, providerVersion);

/** Where the commands keep their state, and the engine its own. */
export const stateFolder = path.join(clone, ".state");
const backend = path.join(stateFolder, "pulumi");

/** For tests that need the CLI; where there is none, they are reported as skipped. */
export const describeEngine = (title: string, tests: () => void): void => {
    const needs = "needs the Pulumi CLI on PATH or where npm's package keeps it, and the Kubernetes provider";
    (hasEngine ? describe : describe.skip)(`${title} (${needs})`, tests);
};

/** For what is said where there is none. */
export const describeNoEngine = hasEngine ? describe.skip : describe;

/** Runs the CLI on a stack, as the lines let one that `npm run up` prints. */
export const pulumiOn =
    (stack: string, state = stateFolder) =>
    (command: string, ...args: string[]): Promise<Ended> => {
        const configFile = path.join(state, "workspace", `Pulumi.${stack}.yaml`);
        const needsConfig = /^(up|preview|refresh|destroy)\b/.test(command);
        const options = ["--stack", stack, "--non-interactive", ...(needsConfig ? ["--config-file", configFile] : [])];
        return runCommand(cli ?? "pulumi", [...command.split(" "), ...options, ...args], {
            ...engineEnvironment(cli ?? "pulumi"),
            PULUMI_BACKEND_URL: `file://${path.join(state, "pulumi")}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: path.join(state, "passphrase"),
        });
    };

/** The same on the sandbox's stack. */
export const pulumi = pulumiOn("local");

/** What a preview with `--json` would change: each resource's operation and URN. */
export function changesIn({ stdout }: Ended): { op: string; urn: string }[] {
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    return steps.filter(({ op }) => !["same", "read", "refresh"].includes(op));
}

/** The engine's state of a stack, by default the sandbox's, as it is on disk. */
export function stateFile(stack = "local"): string {
    return path.join(backend, ".pulumi", "stacks", "bookinfo-mesh", `${stack}.json`);
}

interface StateResource {
    urn: string;
    type: string;
    id?: string;
    inputs?: { apiVersion?: string; kind?: string; metadata?: { namespace?: string; name?: string } };
}

function latestState(stack?: string) {
    const { checkpoint } = JSON.parse(fs.readFileSync(stateFile(stack), "utf8")) as {
        checkpoint: {
            latest?: { resources?: StateResource[]; pending_operations?: { type: string; resource: StateResource }[] };
        };
    };
    const { resources = [], pending_operations: pending = [] } = checkpoint.latest ?? {};
    return { resources, pending };
}

/** What the state holds: the resources' names, and what never ended. */
export function readState(stack?: string): { resources: string[]; pending: string[] } {
    const { resources, pending } = latestState(stack);
    return {
        resources: resources.map(({ urn }) => urn).sort(),
        pending: pending.map(({ type, resource }) => `${type} ${resource.urn}`),
    };
}

/** The objects that the state knows, as `listObjects` names them. */
export function recordedObjects(stack?: string): string[] {
    return latestState(stack).resources.flatMap(({ type, inputs: { apiVersion, kind, metadata = {} } = {} }) =>
        kind === undefined || type.endsWith("Patch")
            ? []
            : [`${apiVersion}/${kind} ${metadata.namespace ?? "<none>"}/${metadata.name}`],
    );
}
