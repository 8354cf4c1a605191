import { fork } from "node:child_process";
import path from "node:path";
import { UserError, Stopped } from "../../shared/errors";
import type { Declaration } from "./declaration";
import type { StackConfig } from "./stackConfig";

export interface EvaluationRequest {
    /** Folder of the Pulumi project; its index.ts is the program. */
    folder: string;
    project: string;
    stack: string;
    config: StackConfig;
}

/**
 * Looks up what the program reads (`Service.get`).
 * @param type Pulumi's type token, such as `kubernetes:core/v1:Service`
 * @param id `namespace/name`, or `name`
 */
export type Reader = (type: string, id: string) => Promise<Record<string, unknown> | undefined>;

/** Messages to the process that runs the program: the request, and the answers to its reads. */
export type ToEvaluation =
    { request: EvaluationRequest } | { found: Record<string, unknown> | undefined; ticket: number };

/** Messages from it: a read, which `found` answers by its ticket, or the end. */
export type FromEvaluation =
    { read: { type: string; id: string }; ticket: number } | { declaration: Declaration } | { fault: string };

/**
 * Runs the program on Pulumi's test monitor, without engine, provider or state, and gives what it declares. It runs in a
 * separate process, because Pulumi's settings are global and a program may do anything.
 * @param read default: finds nothing, so that what the program reads has no status
 * @throws UserError with the program's error
 */
export function evaluateProgram(
    request: EvaluationRequest,
    read: Reader = () => Promise.resolve(undefined),
    stop?: AbortSignal,
): Promise<Declaration> {
    return new Promise((resolve, reject) => {
        const child = fork(path.join(__dirname, "evaluation.ts"), {
            cwd: request.folder,
            execArgv: ["--import", "tsx"],
            stdio: ["ignore", "pipe", "pipe", "ipc"],
            signal: stop,
        });
        const send = (message: ToEvaluation) => child.send(message);
        // The program's logs are for people, but another program may read standard output.
        child.stdout?.pipe(process.stderr);
        child.stderr?.pipe(process.stderr);

        let answer: Exclude<FromEvaluation, { ticket: number }> | undefined;
        child.on("message", (message: FromEvaluation) => {
            if ("read" in message) {
                const { read: wanted, ticket } = message;
                read(wanted.type, wanted.id).then((found) => send({ found, ticket }), reject);
            } else {
                answer = message;
            }
        });
        child.once("error", (error) => {
            reject(stop?.aborted ? new Stopped() : error);
        });
        child.once("close", (code) => {
            if (answer === undefined) {
                reject(new UserError(`the program ended early, with exit code ${String(code)}`));
            } else if ("fault" in answer) {
                reject(new UserError(answer.fault));
            } else {
                resolve(answer.declaration);
            }
        });
        send({ request });
    });
}
