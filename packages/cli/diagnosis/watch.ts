import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { diagnose } from "./diagnosis";
import type { Problem } from "./problem";

/** Time between two looks for trouble, in milliseconds. */
const LOOK_INTERVAL = 10_000;

/** How often trouble that nothing but a person ends is seen before it is called hopeless. */
const HOPELESS = 3;

export interface Watching {
    /** Called once for each trouble, when it has lasted for two looks. */
    onProblem: (problem: Problem) => void;
    /** Called once, when trouble that waiting does not end has lasted for three looks: some 30 seconds. */
    onHopeless: () => void;
}

/**
 * Looks for trouble while something goes on that waits for pods.
 * @param isOwn which objects are looked at
 * @returns ends it
 */
export function watchTrouble(
    api: ClusterApi,
    isOwn: (object: KubernetesObject) => boolean,
    watching: Watching,
): () => void {
    const told = new Set<string>();
    let seen = new Map<string, number>();
    const timer = setInterval(() => {
        void diagnose(api, isOwn)
            .catch(() => [])
            .then((found) => {
                const before = seen;
                seen = new Map(found.map(({ object }) => [object, (before.get(object) ?? 0) + 1]));
                for (const problem of found.filter(({ object }) => before.has(object) && !told.has(object))) {
                    told.add(problem.object);
                    watching.onProblem(problem);
                }
                if (found.some(({ object, final }) => final && seen.get(object) === HOPELESS)) {
                    watching.onHopeless();
                }
            });
    }, LOOK_INTERVAL);
    return () => {
        clearInterval(timer);
    };
}
