/** Something about a cluster that a user should know before a deployment. */
export interface Finding {
    /** Whether the deployment would fail. Otherwise it goes on. */
    refused: boolean;
    /** What was found and what to do, in lines. */
    text: string;
}

export function refusal(...lines: string[]): Finding {
    return { refused: true, text: lines.join("\n") };
}

export function note(...lines: string[]): Finding {
    return { refused: false, text: lines.join("\n") };
}
