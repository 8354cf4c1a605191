import type { ChartCredentials } from "../../shared/chartCredentials";
import type { PrivateChart } from "../../kubernetes/charts";
import type { Release } from "../../kubernetes/helm";
import type { KubernetesObject } from "../../kubernetes/object";

/** One thing to deploy, in the form for files and for applying. */
export type Step = ObjectStep | PatchStep | ReleaseStep | WaitStep;

interface StepBase {
    /** Unique name that begins with the place in the order: `050-deployment-productpage-v1`. */
    name: string;
    /** Names of the steps that must come before. */
    needs: string[];
}

/** An object that the deployment creates, changes and deletes. */
export interface ObjectStep extends StepBase {
    type: "object";
    /** Of a Secret, without its content. */
    object: KubernetesObject;
    wait: boolean;
    /** The content of a Secret, which is applied but never written to a file. */
    secret?: SecretContent;
}

export interface SecretContent {
    /** Values by key, in base64. */
    data: Record<string, string>;
    /** Whether to keep the cluster's values of these keys: they were generated, and somebody may use them already. */
    keep: boolean;
}

/** Fields of somebody else's object: the deployment sets them, and gives them up again. */
export interface PatchStep extends StepBase {
    type: "patch";
    object: KubernetesObject;
    /** Whether to take over fields to which another manager has given other values. */
    force: boolean;
}

export interface ReleaseStep extends StepBase {
    type: "release";
    release: Release;
    /** Of its chart's repository. They are used, but never written to a file. */
    credentials?: ChartCredentials;
}

/** Time between two steps that proxies must notice one after the other, in this order or in reverse. */
export interface WaitStep extends StepBase {
    type: "wait";
    /** What it waits for, for people. */
    title: string;
    seconds: number;
}

/** The releases whose charts helm downloads apart. @param digests of charts, by the names of their releases */
export function privateCharts(steps: readonly Step[], digests: Readonly<Record<string, string>> = {}): PrivateChart[] {
    return steps.flatMap((step) => {
        if (step.type !== "release") {
            return [];
        }
        const { release, credentials } = step;
        const digest = digests[release.name];
        return credentials || digest !== undefined ? [{ release, credentials, digest }] : [];
    });
}
