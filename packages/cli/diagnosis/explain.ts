import { diagnose } from "./diagnosis";
import { remedyOf } from "./refusals";
import { type Problem, problemLine, problemLines } from "./problem";
import { watchProblems } from "./watch";
import { UserError, messageOf, Stopped } from "../../shared/errors";
import type { Progress } from "../terminal/progress";
import type { Connection } from "../stack/connection";
import { isOwnIn } from "../stack/namespaces";

/** Does some work on a cluster. If it fails, adds to the error what is wrong in the cluster, with remedies. */
export async function explaining(connection: Connection, work: () => Promise<void>): Promise<void> {
    try {
        await work();
    } catch (error) {
        throw error instanceof UserError ? await explained(error, connection) : error;
    }
}

/**
 * The same; meanwhile it shows what does not become ready. If waiting cannot repair that, it stops the work.
 * @param work gets a signal that is aborted when the user stops the command, or when waiting is useless
 */
export async function explainingProblems(
    connection: Connection,
    progress: Progress,
    stop: AbortSignal,
    work: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
    const hopeless = new AbortController();
    const endWatch = watchProblems(connection.api, isOwnIn(connection.stack.appNamespace), {
        onProblem: (problem) => {
            progress.note(problemLine(problem));
        },
        onLasting: () => {
            hopeless.abort();
        },
    });
    try {
        await explaining(connection, () =>
            work(AbortSignal.any([stop, hopeless.signal])).catch((error: unknown) => {
                throw error instanceof Stopped && hopeless.signal.aborted && !stop.aborted
                    ? new UserError("waiting will not repair this:")
                    : error;
            }),
        );
    } finally {
        endWatch();
    }
}

/** An error with its own remedy, and with what is wrong in the cluster. */
async function explained(error: UserError, { api, stack }: Connection): Promise<UserError> {
    const problems: Problem[] = await diagnose(api, isOwnIn(stack.appNamespace)).catch(() => []);
    const remedy = remedyOf([error.message, error.cause ? messageOf(error.cause) : ""].join("\n"));
    const lines = [...(remedy === undefined ? [] : [`  ${remedy}`]), ...problemLines(problems)];
    const text = [error.message, ...lines, "Do this, then run the command again: it continues from here."].join("\n");
    return lines.length === 0 ? error : new UserError(text, { cause: error.cause });
}
