import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { makePrivateFolder, writeAtomically } from "../../shared/privateFiles";
import { UserError } from "../../shared/errors";
import { STATE_FOLDER } from "../../shared/project";

const FOLDER = path.join(STATE_FOLDER, "stacks");

/** Marks a record of Pulumi's engine. */
export const PULUMI = "pulumi";

const RECORD = z.object({
    stack: z.string(),
    cluster: z.object({
        kubeconfig: z.string(),
        context: z.string(),
        /** Tells the cluster from a later one of the same name: `ClusterApi.identity`. */
        identity: z.string(),
    }),
    /**
     * The namespaces that were there before the stack, which it uses and leaves, by name: the UID of each, and the UIDs of what
     * an earlier istiod had written into it. Default: none.
     */
    existing: z.record(z.string(), z.object({ uid: z.string(), kept: z.array(z.string()) })).optional(),
    /** When an `up` by Pulumi's engine last succeeded: at that time its state had everything. */
    settled: z.iso.datetime().optional(),
    /** What deployed the stack, and what it needs to undo that. */
    deployedBy: z.discriminatedUnion("way", [
        /** Pulumi's engine, which keeps its state in this backend. */
        z.object({ way: z.literal(PULUMI), backend: z.string() }),
        /** Without an engine. The steps that were applied are kept here: see `Inventory`. */
        z.looseObject({ way: z.literal("rendered") }),
    ]),
});

/** What was deployed where, and by which strategy: enough to undo it. */
export type DeploymentRecord = z.output<typeof RECORD>;

/** Namespaces that were there before a stack, as its record has them. */
export type ExistingNamespaces = NonNullable<DeploymentRecord["existing"]>;

/** The record of a stack; undefined if nothing is deployed. @throws UserError if the file is damaged */
export function readRecord(stack: string): DeploymentRecord | undefined {
    const file = fileOf(stack);
    if (!existsSync(file)) {
        return undefined;
    }
    try {
        return RECORD.parse(JSON.parse(readFileSync(file, "utf8")));
    } catch {
        throw new UserError(`${file}, the record of what was deployed, is damaged; remove it to start again`);
    }
}

/** Keeps a record, in place of an earlier one. */
export function writeRecord(record: DeploymentRecord): void {
    makePrivateFolder(STATE_FOLDER);
    makePrivateFolder(FOLDER);
    writeAtomically(fileOf(record.stack), JSON.stringify(record, undefined, 2));
}

export function removeRecord(stack: string): void {
    rmSync(fileOf(stack), { force: true });
}

/** The records of all stacks that are deployed. */
export function allRecords(): DeploymentRecord[] {
    const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith(".json")) : [];
    return files.flatMap((file) => readRecord(path.basename(file, ".json")) ?? []);
}

function fileOf(stack: string): string {
    return path.join(FOLDER, `${stack}.json`);
}
