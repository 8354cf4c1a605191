import { renameSync, writeFileSync } from "node:fs";

/**
 * Writes a file by way of another, for its owner alone: an interruption leaves the earlier file or this one, and no half of
 * one.
 */
export function writeAtomically(file: string, text: string): void {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
}
