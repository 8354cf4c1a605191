/* Blocks of a page that show a console: commands after `$ `, each with what it prints. */

export interface ConsoleCommand {
    command: string;
    /** The lines that it prints. `…` stands for any part of a line or, alone, for any number of lines. */
    expected: string[];
}

/** All commands in a page's blocks of the language `console`, in their order. */
export function consoleCommands(page: string): ConsoleCommand[] {
    return [...page.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
        block
            .trimEnd()
            .split(/^\$ /m)
            .filter((text) => text !== "")
            .map((text) => {
                const [command = "", ...expected] = text.trimEnd().split("\n");
                return { command, expected };
            }),
    );
}

/**
 * What a command has printed, in the words of the page: if it is as expected, the expected lines. So a comparison with these
 * passes, or shows both. The number of spaces between two words does not count, because the width of columns depends on figures.
 */
export function seenAs(expected: readonly string[], output: string): string[] {
    const text = output.trimEnd();
    const seen = text === "" ? [] : text.split("\n").map(oneSpace);
    return matches(expected.map(oneSpace), seen) ? [...expected] : seen;
}

const oneSpace = (line: string) => line.replace(/\s+/g, " ").trim();

function matches(expected: readonly string[], seen: readonly string[]): boolean {
    const [line, ...others] = expected;
    if (line === undefined) {
        return seen.length === 0;
    }
    if (line === "…") {
        return seen.some((_, index) => matches(others, seen.slice(index))) || matches(others, []);
    }
    const [first, ...rest] = seen;
    return first !== undefined && isLine(line, first) && matches(others, rest);
}

function isLine(expected: string, seen: string): boolean {
    const parts = expected.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`).test(seen);
}
