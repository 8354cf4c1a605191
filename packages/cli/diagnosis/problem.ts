/** Something that does not become ready, and why. */
export interface Problem {
    object: string;
    why: string;
    remedy?: string;
    /** Whether waiting cannot help, because only a person can solve it. */
    final?: boolean;
}

export function problemLine({ object, why }: Problem): string {
    return `${object}: ${why}`;
}

/** Problems as lines to read: each with its remedy below it, unless the next problem has the same one. */
export function problemLines(problems: readonly Problem[]): string[] {
    return problems.flatMap((problem, index) => {
        const { remedy } = problem;
        const again = remedy === undefined || remedy === problems[index + 1]?.remedy;
        return [`  ${problemLine(problem)}`, ...(again ? [] : [`    ${remedy}`])];
    });
}
