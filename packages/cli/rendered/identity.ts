import { displayName } from "../../kubernetes/object";
import type { Step } from "../render/step";

/** What a step makes, for people. */
export function titleOf(step: Step): string {
    switch (step.type) {
        case "release":
            return `Release ${step.release.namespace}/${step.release.name}`;
        case "wait":
            return step.title;
        case "patch":
            return `${displayName(step.object)} (patched)`;
        case "object":
            return displayName(step.object);
    }
}

/** What a step makes, without its place in the order: the same in every run. */
function identityOf(step: Step): string {
    return "object" in step ? `${step.object.apiVersion} ${titleOf(step)}` : titleOf(step);
}

/** The steps under names that do not depend on their places, because records outlive changes of the order. */
export function withLastingNames(steps: readonly Step[]): Step[] {
    const names = new Map(steps.map((step) => [step.name, identityOf(step)]));
    return steps.map((step) => ({
        ...step,
        name: identityOf(step),
        needs: step.needs.map((need) => names.get(need) ?? need),
    }));
}
