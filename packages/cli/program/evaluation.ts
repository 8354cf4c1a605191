/** The process in which `evaluateProgram` runs the program. It gets the request and sends the answer as messages. */
import "../../compile/deferPackages";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import * as pulumi from "@pulumi/pulumi";
import { load } from "../../compile/compiled";
import { mapStackTraces } from "../../compile/stackTrace";
import { messageOf } from "../../shared/errors";
import { collectDeclaration } from "./collect";
import type { Evaluation, EvaluationRequest } from "./evaluate";

// V8 would optimize functions until the program has ended. Without that, an evaluation needs a sixth less CPU time.
setFlagsFromString("--no-opt");

/** Errors of the program are complete sentences; any other error needs its stack trace. */
function describe(error: unknown): string {
    mapStackTraces();
    const isComplete: boolean = pulumi.RunError.isInstance(error) || pulumi.ResourceError.isInstance(error);
    return error instanceof Error && !isComplete ? (error.stack ?? error.message) : messageOf(error);
}

function end(message: Evaluation): void {
    process.send?.(message, undefined, undefined, () => process.exit());
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
        end({ fault: describe(error) });
    });
}
// An error of the program is an unhandled rejection too.
process.once("message", (request: EvaluationRequest) => {
    void collectDeclaration(request, () => load(path.join(request.folder, "index.ts"))).then((declaration) => {
        end({ declaration });
    });
});
