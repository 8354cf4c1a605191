import type { ClusterApi } from "../../kubernetes/api";
import { diagnose } from "./diagnosis";
import { failedCallIn } from "./failedCall";
import { remedyOf } from "./refusals";
import { callVerdict, readWebhookFacts } from "./webhooks";
import { type Problem, problemLine, problemLines } from "./problem";
import { watchProblems } from "./watch";
import { UserError, messageOf, Stopped } from "../../shared/errors";
import type { Progress } from "../terminal/progress";
import type { Connection } from "../stack/connection";
import { isOwnIn } from "../stack/namespaces";

/** Largest difference between the clocks of the cluster and of this machine, in milliseconds. */
const SKEW = 5000;

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
    const onProblem = (problem: Problem) => {
        progress.note(problemLine(problem));
    };
    await untilHopeless(connection, { onProblem, isHopeless: () => true }, stop, work);
}

/**
 * The same around Pulumi's engine, which shows its own progress. It does not wait for everything that is in the cluster, so it
 * is stopped only if nothing of the deployment can succeed, or because of an object that it has just created.
 */
export async function explainingEngine(
    connection: Connection,
    stop: AbortSignal,
    work: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
    const begun = Date.now() - SKEW;
    const isHopeless = ({ blocksAll, created }: Problem) =>
        blocksAll === true || (created !== undefined && created.getTime() >= begun);
    await untilHopeless(connection, { isHopeless }, stop, work);
}

interface Hopes {
    onProblem?: (problem: Problem) => void;
    /** Whether a problem that waiting cannot solve ends the work. */
    isHopeless: (problem: Problem) => boolean;
}

async function untilHopeless(
    connection: Connection,
    { onProblem, isHopeless }: Hopes,
    stop: AbortSignal,
    work: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
    const hopeless = new AbortController();
    const endWatch = watchProblems(connection.api, isOwnIn(connection.stack.appNamespace), {
        onProblem,
        onLasting: (problem) => {
            if (isHopeless(problem)) {
                hopeless.abort();
            }
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
    const remedy = await remedyIn([error.message, error.cause ? messageOf(error.cause) : ""].join("\n"), api);
    // Below the problem that it belongs to, it would be there twice.
    const own = remedy === undefined || problems.some((problem) => problem.remedy === remedy) ? [] : [`  ${remedy}`];
    const lines = [...own, ...problemLines(problems)];
    const text = [error.message, ...lines, "Do this, then run the command again: it continues from here."].join("\n");
    return lines.length === 0 ? error : new UserError(text, { cause: error.cause });
}

/** The remedy for the refusal in a text, with what the cluster tells about it; undefined if the text is unknown. */
async function remedyIn(text: string, api: ClusterApi): Promise<string | undefined> {
    const call = failedCallIn(text);
    const facts = call && (await readWebhookFacts(api, call).catch(() => undefined));
    return call && facts ? callVerdict(call, facts).remedy : remedyOf(text);
}
