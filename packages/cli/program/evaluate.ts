import { fork } from "node:child_process";
import path from "node:path";
import { UserError, Stopped } from "../../shared/errors";
import { PROJECT_FOLDER } from "../../shared/project";
import type { Declaration } from "./declaration";
import type { StackConfig } from "./stackConfig";

export interface EvaluationRequest {
    /** Folder of the Pulumi project; its index.ts is the program. */
    folder: string;
    project: string;
    stack: string;
    config: StackConfig;
}

/** The message from the process that runs the program: what it declares, or its error. */
export type Evaluation = { declaration: Declaration } | { fault: string };

/**
 * Runs the program on Pulumi's test monitor, without engine, provider or state. It runs in a separate process, because
 * Pulumi's settings are global and a program may do anything. Outputs that need the cluster, such as an address, are missing.
 * @returns what it declares
 * @throws UserError with the program's error
 */
export function evaluateProgram(request: EvaluationRequest, stop?: AbortSignal): Promise<Declaration> {
    return new Promise((resolve, reject) => {
        const evaluation = path.join(__dirname, "evaluation.ts");
        const child = fork(path.join(PROJECT_FOLDER, "packages", "compile", "run.js"), [evaluation], {
            cwd: request.folder,
            // As in Pulumi.yaml: the SDK records a stack trace with each of its promises.
            execArgv: ["--stack-trace-limit=3"],
            stdio: ["ignore", "pipe", "pipe", "ipc"],
            signal: stop,
        });
        // The program's logs are for people, but another program may read standard output.
        child.stdout?.pipe(process.stderr);
        child.stderr?.pipe(process.stderr);

        let answer: Evaluation | undefined;
        child.once("message", (message: Evaluation) => {
            answer = message;
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
        child.send(request);
    });
}
