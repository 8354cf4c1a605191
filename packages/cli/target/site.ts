import type { ClusterApi } from "../../kubernetes/api";
import type { DeploymentRecord } from "./record";
import type { Target } from "./target";

/** A stack on its cluster, which answers. */
export interface Site {
    target: Target;
    api: ClusterApi;
    /** Tells the cluster from others: `ClusterApi.identity`. */
    identity: string;
}

/** What came of a deployment. */
export interface Deployed {
    /** The program's outputs; a secret one reads `[secret]`. */
    outputs: Record<string, unknown>;
    /** What to type in a shell to use the Pulumi CLI on the stack; none where Pulumi was not used. */
    shellCommands: string[];
}

/** A way to deploy a stack, and to undo that. It keeps the record of what it has done. */
export interface DeploymentStrategy {
    /** The way in words, without a full stop. */
    readonly description: string;
    deploy(site: Site, stop: AbortSignal): Promise<Deployed>;
    /** Undoes everything that was deployed, and removes what Istio leaves behind; the record is not its business. */
    undo(site: Site, record: DeploymentRecord, stop: AbortSignal): Promise<void>;
    /** Forgets what was deployed to a cluster that is gone. */
    forget(stack: string, stop: AbortSignal): Promise<void>;
}

/** What a secret output reads, as with the Pulumi CLI. */
export const HIDDEN = "[secret]";
