import { readdirSync } from "node:fs";
import path from "node:path";

/** The paths of all files in a folder and its subfolders, in no order. */
export function filesBelow(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
}
