import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../../shared/errors";
import { STATE_FOLDER } from "../../shared/project";
import type { Step } from "../render/step";
import { writeAtomically } from "../../shared/atomicWrite";

const FOLDER = path.join(STATE_FOLDER, "stacks");

const RECORD = z.object({
    stack: z.string(),
    cluster: z.object({
        kubeconfig: z.string(),
        context: z.string(),
        /** Tells the cluster from a later one of the same name: `ClusterApi.identity`. */
        identity: z.string(),
    }),
    /** When an `up` by Pulumi's engine last ended well: by then, its state held all that it had made. */
    settled: z.iso.datetime().optional(),
    /** Pulumi's engine keeps what it deployed in its own state; without it, the steps applied are kept here. */
    deployedBy: z.discriminatedUnion("way", [
        z.object({ way: z.literal("pulumi"), backend: z.string() }),
        z.object({
            way: z.literal("rendered"),
            steps: z.array(z.custom<Step>()),
            /** UID of the namespace istio-system when an `up` last ended well: one of another UID is another mesh. */
            mesh: z.string().optional(),
        }),
    ]),
});

/** What was deployed where, and by what: enough to undo it. */
export type DeploymentRecord = z.output<typeof RECORD>;

/** The record of a stack; undefined where nothing is deployed. */
export function readRecord(stack: string): DeploymentRecord | undefined {
    const file = fileOf(stack);
    if (!existsSync(file)) {
        return undefined;
    }
    try {
        return RECORD.parse(JSON.parse(readFileSync(file, "utf8")));
    } catch {
        throw new UserError(`${file}, the record of what was deployed, is damaged; remove it to start afresh`);
    }
}

/** Keeps a record, in place of an earlier one. */
export function writeRecord(record: DeploymentRecord): void {
    const file = fileOf(record.stack);
    mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
    writeAtomically(file, JSON.stringify(record, undefined, 2));
}

export function removeRecord(stack: string): void {
    rmSync(fileOf(stack), { force: true });
}

/** The stacks that have a record. */
export function recordedStacks(): string[] {
    return existsSync(FOLDER)
        ? readdirSync(FOLDER)
              .filter((file) => file.endsWith(".json"))
              .map((file) => file.slice(0, -".json".length))
        : [];
}

function fileOf(stack: string): string {
    return path.join(FOLDER, `${stack}.json`);
}
