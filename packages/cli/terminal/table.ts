import { stripVTControlCharacters } from "node:util";

/**
 * Rows of cells as lines, with the cells of a column under each other. Colours take no space.
 * @param align how each column is aligned; left where nothing is said
 */
export function alignedLines(
    rows: readonly (readonly string[])[],
    align: readonly ("left" | "right")[] = [],
): string[] {
    const widths: number[] = [];
    for (const row of rows) {
        row.forEach((cell, column) => {
            widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
        });
    }
    return rows.map((row) =>
        row
            .map((cell, column) => {
                const space = " ".repeat((widths[column] ?? 0) - widthOf(cell));
                return align[column] === "right" ? space + cell : cell + space;
            })
            .join("  ")
            .trimEnd(),
    );
}

function widthOf(cell: string): number {
    return stripVTControlCharacters(cell).length;
}
