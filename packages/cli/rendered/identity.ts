import { displayName } from "../../kubernetes/object";
import type { Step } from "../render/step";

/** What a step makes, for people. */
export function titleOf(step: Step): string {
    return step.type === "release"
        ? `Release ${step.release.namespace}/${step.release.name}`
        : `${displayName(step.object)}${step.type === "patch" ? " (patched)" : ""}`;
}

/** What a step makes, whatever its place in the order: the same in every run. */
export function identityOf(step: Step): string {
    return step.type === "release" ? titleOf(step) : `${step.object.apiVersion} ${titleOf(step)}`;
}

/** The steps under names that stay the same when others come or go before them: what is recorded outlives a change. */
export function withLastingNames(steps: readonly Step[]): Step[] {
    const names = new Map(steps.map((step) => [step.name, identityOf(step)]));
    return steps.map((step) => ({
        ...step,
        name: identityOf(step),
        needs: step.needs.map((need) => names.get(need) ?? need),
    }));
}
