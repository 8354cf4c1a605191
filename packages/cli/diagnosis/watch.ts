import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { diagnose } from "./diagnosis";
import type { Problem } from "./problem";

/** Time between two diagnoses, in milliseconds. */
const INTERVAL = 10_000;

/** Time after which a problem that waiting cannot solve ends the wait, in seconds, unless the problem says otherwise. */
const PATIENCE = 30;

export interface ProblemListeners {
    /** Called once for each problem, when two diagnoses in a row find it. */
    onProblem?: (problem: Problem) => void;
    /** Called when enough diagnoses in a row find a problem that waiting cannot solve: by default three, about 30 seconds. */
    onLasting: (problem: Problem) => void;
}

/**
 * Looks for problems while something waits for pods.
 * @param isOwn which objects belong to the deployment
 * @returns ends it
 */
export function watchProblems(
    api: ClusterApi,
    isOwn: (object: KubernetesObject) => boolean,
    { onProblem, onLasting }: ProblemListeners,
): () => void {
    const told = new Set<string>();
    let seen = new Set<string>();
    let final = new Map<string, number>();
    const timer = setInterval(() => {
        void diagnose(api, isOwn)
            .catch(() => [])
            .then((found) => {
                const before = seen;
                const finalBefore = final;
                seen = new Set(found.map(({ object }) => object));
                final = new Map(
                    found
                        .filter((problem) => problem.final)
                        .map(({ object }) => [object, (finalBefore.get(object) ?? 0) + 1]),
                );
                for (const problem of found.filter(({ object }) => before.has(object) && !told.has(object))) {
                    told.add(problem.object);
                    onProblem?.(problem);
                }
                for (const problem of found.filter(isLasting(final))) {
                    onLasting(problem);
                }
            });
    }, INTERVAL);
    return () => {
        clearInterval(timer);
    };
}

/** @param looks how many diagnoses in a row have found the problem of each object final */
function isLasting(looks: ReadonlyMap<string, number>): (problem: Problem) => boolean {
    return ({ object, patience = PATIENCE }) => looks.get(object) === Math.ceil((patience * 1000) / INTERVAL);
}
