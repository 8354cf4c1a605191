import type { Connection } from "../stack/connection";
import type { DeploymentRecord } from "../stack/record";

/** What a deployment gives. */
export interface Deployed {
    /** The program's outputs; a secret one reads `[secret]`. */
    outputs: Record<string, unknown>;
    /** Shell commands to use the Pulumi CLI on the stack; none if Pulumi was not used. */
    shellCommands: string[];
    /** The command that restores manual changes; undefined if every deployment does, or if this one did. */
    restoreCommand?: string;
    /** What was deployed, as the strategy has recorded it. */
    record: DeploymentRecord;
}

/** A strategy to deploy a stack and to undo that. It keeps the record of what it has done. */
export interface DeploymentStrategy {
    /** The strategy in words, without a full stop. */
    readonly description: string;
    deploy(connection: Connection, stop: AbortSignal): Promise<Deployed>;
    /** Undoes everything that was deployed, with Istio's leftovers. The caller removes the record. */
    undo(connection: Connection, record: DeploymentRecord, stop: AbortSignal): Promise<void>;
    /** Forgets what was deployed to a cluster that is gone. */
    forget(stack: string, stop: AbortSignal): Promise<void>;
}
