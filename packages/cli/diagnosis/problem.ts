/** Something that does not become ready, and why. */
export interface Problem {
    object: string;
    why: string;
    remedy?: string;
    /** The last lines of the log of a container that crashes, each as a whole line to show. */
    log?: readonly string[];
    /** Whether waiting cannot help, because only a person can solve it. */
    final?: boolean;
    /** How long a final problem must last until waiting counts as useless, in seconds. Default: 30. */
    patience?: number;
    /** Whether no other part of the deployment can succeed beside it. */
    blocksAll?: boolean;
    /** When the object was created, if it says so. */
    created?: Date;
}

export function problemLine({ object, why }: Problem): string {
    return `${object}: ${why}`;
}

/** Problems as lines to read: each with its remedy below it, unless the next problem has the same one. */
export function problemLines(problems: readonly Problem[]): string[] {
    return problems.flatMap((problem, index) => {
        const { remedy, log = [] } = problem;
        const again = remedy === undefined || remedy === problems[index + 1]?.remedy;
        return [`  ${problemLine(problem)}`, ...log.map((line) => `    ${line}`), ...(again ? [] : [`    ${remedy}`])];
    });
}
