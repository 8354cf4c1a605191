import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { diagnose } from "./diagnosis";
import type { Problem } from "./problem";

/** Time between two diagnoses, in milliseconds. */
const INTERVAL = 10_000;

/** After so many diagnoses in a row, a problem that waiting cannot solve ends the wait. */
const LASTING = 3;

export interface ProblemListeners {
    /** Called once for each problem, when two diagnoses in a row find it. */
    onProblem: (problem: Problem) => void;
    /** Called when three diagnoses in a row (about 30 seconds) find a problem that waiting cannot solve. */
    onLasting: () => void;
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
    let seen = new Map<string, number>();
    const timer = setInterval(() => {
        void diagnose(api, isOwn)
            .catch(() => [])
            .then((found) => {
                const before = seen;
                seen = new Map(found.map(({ object }) => [object, (before.get(object) ?? 0) + 1]));
                for (const problem of found.filter(({ object }) => before.has(object) && !told.has(object))) {
                    told.add(problem.object);
                    onProblem(problem);
                }
                if (found.some(({ object, final }) => final && seen.get(object) === LASTING)) {
                    onLasting();
                }
            });
    }, INTERVAL);
    return () => {
        clearInterval(timer);
    };
}
