import type { ClusterApi } from "../../kubernetes/api";
import { ApiError, isTransient } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { OBJECT_TIMEOUT, waitUntilReady } from "../../kubernetes/readiness";
import { removeObjects } from "../../kubernetes/removal";
import { pause } from "../../kubernetes/wait";
import { UserError } from "../../shared/errors";
import type { Helm, Release } from "../../kubernetes/helm";
import type { Progress } from "../terminal/progress";
import { revisionSecrets } from "../../kubernetes/releases";
import type { ObjectStep, PatchStep, ReleaseStep, Step } from "../render/step";
import { titleOf } from "./identity";
import { doInOrder, reversed } from "../../shared/schedule";

/** How many steps are under way at once. */
const AT_ONCE = 8;

/**
 * How long a webhook, or a kind just defined, may stay unknown to the API server: pause in milliseconds, attempts, and the
 * longest time for all of them in milliseconds. An attempt at a webhook that gives no answer takes 10 s.
 */
const RETRY = { pause: 500, attempts: 60, time: 60_000 };

/** What the steps are carried out with. */
export interface Deployer {
    api: ClusterApi;
    helm: Helm;
    progress: Progress;
}

export interface Applying {
    /** Called before a step changes anything. */
    onBegin: (step: Step) => void;
    /** Path of a release's values. */
    valuesFile: (release: string) => string;
    /** Whether an earlier run has done a step. Default: it has not. */
    isDone?: (step: Step) => boolean;
    /** Whether a release has this chart and these values already, so that Helm has nothing to do. Default: it does not. */
    isCurrent?: (step: ReleaseStep) => Promise<boolean>;
    /** Called when a release has this chart and these values: after an upgrade, or without one. */
    onReleased?: (step: ReleaseStep, upgraded: boolean) => Promise<void>;
    /** A release with the path of its chart, if that was downloaded before. Default: no chart was. */
    located?: (release: Release) => Release;
    stop?: AbortSignal;
}

/** Applies steps, each as soon as those that it needs are ready. */
export async function applySteps(steps: readonly Step[], deployer: Deployer, applying: Applying): Promise<void> {
    const { api, helm, progress } = deployer;
    await doInOrder(steps, AT_ONCE, applying.stop, (step, stop) =>
        progress.during(titleOf(step), async () => {
            if (step.type === "wait") {
                // Proxies have long had what an earlier run wrote. It is recorded at its end, because it changes nothing.
                await (applying.isDone?.(step) ? undefined : pause(step.seconds * 1000, stop));
                applying.onBegin(step);
                return;
            }
            const isCurrent = step.type === "release" && (await applying.isCurrent?.(step));
            applying.onBegin(step);
            if (step.type === "release") {
                const release = applying.located?.(step.release) ?? step.release;
                await (isCurrent ? undefined : helm.upgrade(release, applying.valuesFile(release.name), stop));
                await applying.onReleased?.(step, !isCurrent);
            } else {
                await applyObject(step, api, stop);
            }
        }),
    );
}

/** Undoes steps, each after those that needed it. Things that are already gone are no error. */
export async function undoSteps(steps: readonly Step[], deployer: Deployer, stop?: AbortSignal): Promise<void> {
    const { api, helm, progress } = deployer;
    await doInOrder(reversed(steps), AT_ONCE, stop, (step, stop) =>
        progress.during(titleOf(step), async () => {
            switch (step.type) {
                case "release":
                    await helm.uninstall(step.release, stop);
                    break;
                case "patch":
                    await relinquish(step, api);
                    break;
                case "object":
                    await removeObjects(api, [step.object], stop, OBJECT_TIMEOUT);
                    break;
                case "wait":
                    await pause(step.seconds * 1000, stop);
            }
        }),
    );
}

/**
 * Checks, as the engine does, that the steps create only new things.
 * @throws UserError naming everything that exists already
 */
export async function refuseForeign(steps: readonly Step[], api: ClusterApi): Promise<void> {
    const exists = await Promise.all(
        steps.map(async (step) => {
            switch (step.type) {
                case "release":
                    return (await revisionSecrets(api, step.release)).length > 0;
                case "object":
                    return (await api.read(step.object)) !== undefined;
                case "patch":
                case "wait":
                    return false;
            }
        }),
    );
    const foreign = steps.filter((_, index) => exists[index]).map((step) => `  ${titleOf(step)}`);
    if (foreign.length > 0) {
        throw new UserError(
            `the cluster has these already, and they were not deployed from this clone. Nothing was changed.\n${foreign.join("\n")}`,
        );
    }
}

async function applyObject(step: ObjectStep | PatchStep, api: ClusterApi, stop: AbortSignal): Promise<void> {
    const object = await withContent(step, api);
    await retrying(stop, () => api.apply(object, { force: step.type === "object" || step.force }));
    if (step.type === "object" && step.wait) {
        await waitUntilReady(object, api, stop);
    }
}

/** The object as it is sent: a Secret with its content. */
async function withContent(step: ObjectStep | PatchStep, api: ClusterApi): Promise<KubernetesObject> {
    const { object } = step;
    if (step.type === "patch" || !step.secret) {
        return object;
    }
    const { data, keep } = step.secret;
    const current = keep ? ((await api.read(object))?.data as typeof data | undefined) : undefined;
    return { ...object, data: { ...data, ...current } };
}

/** Gives up the fields that a patch has set. A field that has no other manager disappears. */
async function relinquish({ object }: PatchStep, api: ClusterApi): Promise<void> {
    const { apiVersion, kind, metadata } = object;
    if (await api.read(object)) {
        const { name, namespace } = metadata;
        await api.apply({ apiVersion, kind, metadata: { name, namespace } }, { force: false });
    }
}

/** Tries again while the API server does not know the kind yet, or cannot reach the webhook that checks it. */
async function retrying(stop: AbortSignal, attempt: () => Promise<unknown>): Promise<void> {
    const end = Date.now() + RETRY.time;
    for (let attempts = 1; ; attempts += 1) {
        try {
            await attempt();
            return;
        } catch (error) {
            const passing = isTransient(error) || (error instanceof ApiError && error.status === 404);
            if (!passing || attempts >= RETRY.attempts || Date.now() > end) {
                throw error;
            }
            await pause(RETRY.pause, stop);
        }
    }
}
