/** Something that does not become ready, and why. */
export interface Trouble {
    object: string;
    why: string;
    /** What a person does about it, as one or more sentences. */
    remedy?: string;
    /** Whether nothing but a person's doing ends it: it is not worth waiting for. */
    final?: boolean;
}

/** Trouble as a line to read, without its remedy. */
export function troubleLine({ object, why }: Trouble): string {
    return `${object}: ${why}`;
}

/** Troubles as lines to read: each with its remedy below it, unless the next one has the same. */
export function troubleLines(troubles: readonly Trouble[]): string[] {
    return troubles.flatMap((trouble, index) => {
        const { remedy } = trouble;
        const again = remedy === undefined || remedy === troubles[index + 1]?.remedy;
        return [`  ${troubleLine(trouble)}`, ...(again ? [] : [`    ${remedy}`])];
    });
}
