import { diagnose } from "./diagnosis";
import { remedyOf } from "./refusals";
import { type Problem, problemLine, problemLines } from "./problem";
import { watchProblems } from "./watch";
import { UserError, messageOf, Stopped } from "../../shared/errors";
import type { Progress } from "../terminal/progress";
import type { Site } from "../target/site";
import { appNamespaceOf, isOwnIn } from "../target/namespaces";

/** Does some work on a site, and adds to its fault what keeps the cluster from being ready, with remedies. */
export async function explaining(site: Site, work: () => Promise<void>): Promise<void> {
    try {
        await work();
    } catch (error) {
        throw error instanceof UserError ? await explained(error, site) : error;
    }
}

/**
 * The same, telling meanwhile of what does not become ready. Where waiting cannot mend it, the work is stopped.
 * @param work gets a signal that is aborted by the user's stop, and where there is no hope
 */
export async function explainingTrouble(
    site: Site,
    progress: Progress,
    stop: AbortSignal,
    work: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
    const hopeless = new AbortController();
    const endWatch = watchProblems(site.api, isOwnIn(appNamespaceOf(site.target.stack)), {
        onProblem: (problem) => {
            progress.note(problemLine(problem));
        },
        onLasting: () => {
            hopeless.abort();
        },
    });
    try {
        await explaining(site, () =>
            work(AbortSignal.any([stop, hopeless.signal])).catch((error: unknown) => {
                throw error instanceof Stopped && hopeless.signal.aborted && !stop.aborted
                    ? new UserError("given up, for waiting does not mend this:")
                    : error;
            }),
        );
    } finally {
        endWatch();
    }
}

/** A fault with its own remedy, and with what is wrong in the cluster. */
async function explained(fault: UserError, { api, target }: Site): Promise<UserError> {
    const problems: Problem[] = await diagnose(api, isOwnIn(appNamespaceOf(target.stack))).catch(() => []);
    const remedy = remedyOf([fault.message, fault.cause ? messageOf(fault.cause) : ""].join("\n"));
    const lines = [...(remedy === undefined ? [] : [`  ${remedy}`]), ...problemLines(problems)];
    return lines.length === 0
        ? fault
        : new UserError(
              [fault.message, ...lines, "Once that is done, run this again: it goes on from here."].join("\n"),
              {
                  cause: fault.cause,
              },
          );
}
