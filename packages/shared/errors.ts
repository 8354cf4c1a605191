/** An error that the reader can act on. Only its message is shown, without a stack trace. */
export class UserError extends Error {
    override readonly name = "UserError";
}

/** An error that the progress display has already shown, so nothing prints it again. */
export class ShownError extends UserError {}

/** Thrown when work ends because the user asked for it (Ctrl-C or a signal). */
export class Stopped extends Error {
    override readonly name = "Stopped";

    constructor() {
        super("stopped");
    }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
