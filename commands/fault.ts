/** A fault that its reader can mend: shown as its message alone, without a stack. */
export class Fault extends Error {
    override readonly name = "Fault";
}

/** Thrown where work ends because the user asked for it (Ctrl-C, or a signal). */
export class Stopped extends Error {
    override readonly name = "Stopped";

    constructor() {
        super("stopped");
    }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
