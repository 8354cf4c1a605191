import { stripVTControlCharacters } from "node:util";

/**
 * Rows of cells as lines, with the cells of a column under each other. Colours have no width.
 * @param align alignment of each column; default: left
 */
export function alignedLines(
    rows: readonly (readonly string[])[],
    align: readonly ("left" | "right")[] = [],
): string[] {
    const widthOf = (cell = "") => stripVTControlCharacters(cell).length;
    return rows.map((row) =>
        row
            .map((cell, column) => {
                const width = Math.max(...rows.map((each) => widthOf(each[column])));
                const space = " ".repeat(width - widthOf(cell));
                return align[column] === "right" ? space + cell : cell + space;
            })
            .join("  ")
            .trimEnd(),
    );
}
