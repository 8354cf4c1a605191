/** Something that does not become ready, and why. */
export interface Problem {
    object: string;
    why: string;
    /** What a person does about it, as one or more sentences. */
    remedy?: string;
    /** Whether nothing but a person's doing ends it: it is not worth waiting for. */
    final?: boolean;
}

/** Trouble as a line to read, without its remedy. */
export function problemLine({ object, why }: Problem): string {
    return `${object}: ${why}`;
}

/** Troubles as lines to read: each with its remedy below it, unless the next one has the same. */
export function problemLines(problems: readonly Problem[]): string[] {
    return problems.flatMap((problem, index) => {
        const { remedy } = problem;
        const again = remedy === undefined || remedy === problems[index + 1]?.remedy;
        return [`  ${problemLine(problem)}`, ...(again ? [] : [`    ${remedy}`])];
    });
}
