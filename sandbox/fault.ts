/** A failure that the person at the terminal can act on: its message is one clear sentence, shown without a stack trace. */
export class SandboxFault extends Error {
    override readonly name = "SandboxFault";
}

/** What an unknown thrown value has to say. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
