import type { Release } from "../../kubernetes/helm";
import type { KubernetesObject } from "../../kubernetes/object";

/** One thing to deploy, in the form in which it is written to files and applied. */
export type Step = ObjectStep | PatchStep | ReleaseStep;

interface StepBase {
    /** Unique name, which begins with its place in the order: `050-deployment-productpage-v1`. */
    name: string;
    /** Names of the steps that must be done before. */
    needs: string[];
}

/** An object that is owned: created, changed and deleted. */
export interface ObjectStep extends StepBase {
    type: "object";
    /** Of a Secret, without its content. */
    object: KubernetesObject;
    /** Whether to wait until it is ready. */
    wait: boolean;
    /** The content of a Secret. It is applied, and never written to a file. */
    secret?: SecretContent;
}

export interface SecretContent {
    /** Values by key, in base64. */
    data: Record<string, string>;
    /** Whether what the cluster has under these keys is kept: it was generated, and somebody may use it already. */
    keep: boolean;
}

/** Fields of an object that somebody else owns: set, and given up again. */
export interface PatchStep extends StepBase {
    type: "patch";
    object: KubernetesObject;
    /** Whether to take over fields that another manager has set to something else. */
    force: boolean;
}

export interface ReleaseStep extends StepBase {
    type: "release";
    release: Release;
}
