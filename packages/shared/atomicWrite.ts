import { renameSync, writeFileSync } from "node:fs";

/**
 * Writes a file under another name and then renames it: an interruption leaves either the earlier file or the new one, never
 * a part of one.
 * @param mode permissions of the file; by default only its owner can read it
 */
export function writeAtomically(file: string, text: string, mode = 0o600): void {
    writeFileSync(`${file}.new`, text, { mode });
    renameSync(`${file}.new`, file);
}
