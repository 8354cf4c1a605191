/** A failure that the person at the terminal can act on: its message is one clear sentence, shown without a stack trace. */
export class SandboxFault extends Error {
    override readonly name = "SandboxFault";
}

/** A fault that the list of steps has already shown, so that it is not printed a second time. */
export class ShownFault extends SandboxFault {}

/** What an unknown thrown value has to say. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
