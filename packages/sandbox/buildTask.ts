import * as os from "node:os";
import type { ListrTask } from "listr2";
import { type Artifact, buildArtifact, provenanceOf } from "./toolchain/artifacts";
import { type Finished, inWords, timeLeft } from "./toolchain/timeLeft";

/** How steps are shown. The callers handle Ctrl-C themselves. */
export const listrOptions = { rendererOptions: { collapseSubtasks: false }, registerSignalListeners: false } as const;

/**
 * A task that makes artifacts one after the other, and shows the time that is left for them and for what comes later.
 * @param built those that are not downloaded, which need the time
 * @param before called before each of them
 */
export function buildTask(
    title: string,
    artifacts: readonly Artifact[],
    later: readonly Artifact[],
    built: readonly Artifact[],
    before: (artifact: Artifact, report: (progress: string) => void) => Promise<void> = () => Promise.resolve(),
): ListrTask {
    const finished: Finished[] = [];
    const titleNow = () => {
        const left = (parts: readonly Artifact[]) => inWords(timeLeft(parts, finished, os.availableParallelism()));
        const remaining = artifacts.slice(finished.length).filter((part) => built.includes(part));
        const more = later.filter((part) => built.includes(part));
        return [
            title,
            remaining.length > 0 && `: ${left(remaining)} left`,
            more.length > 0 && `; after the page, ${left(more)} for the add-ons`,
        ]
            .filter(Boolean)
            .join("");
    };
    return {
        title: titleNow(),
        enabled: () => artifacts.length > 0,
        task: (_, parent) => {
            return parent.newListr(
                artifacts.map<ListrTask>((artifact) => ({
                    title: artifact.title,
                    task: async (_, task) => {
                        await before(artifact, showOn(task));
                        await buildArtifact(artifact, showOn(task));
                        const { origin = "built", seconds = 0 } = provenanceOf(artifact) ?? {};
                        task.title = `${artifact.title} (${origin === "built" ? "" : "downloaded, "}${Math.round(seconds)} s)`;
                        finished.push({ name: artifact.name, origin, seconds });
                        parent.title = titleNow();
                    },
                })),
            );
        },
    };
}

/** Shows the progress of a step beside it. If the output is not a terminal, only a line from time to time. */
export function showOn(task: { output: string }): (progress: string) => void {
    const pause = process.stdout.isTTY ? 100 : 20_000; // milliseconds
    let shown = 0;
    return (progress) => {
        if (Date.now() - shown >= pause) {
            shown = Date.now();
            task.output = progress;
        }
    };
}
