import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { writeAtomically } from "../../shared/privateFiles";
import { parseJson } from "../../shared/json";
import { filesIn, type StackFiles } from "./backendFolder";

export interface Damage {
    /** What was found, and what happens to it. */
    text: string;
    repair: () => void;
}

/**
 * Finds what an engine has left if it, or its machine, ended while it wrote a state. The engine writes a new file and renames
 * it, but it writes the attributes next to the file in place. No engine reads a file whose attributes are incomplete.
 */
export function damageOf({ layout, state }: StackFiles): Damage[] {
    const damage = [layout, state]
        .map(attributesOf)
        .filter((attributes) => existsSync(attributes) && !hasJson(attributes))
        .map((attributes) => ({
            text: `A run was killed while it wrote the state: the incomplete file ${path.basename(attributes)} is removed.`,
            repair: () => {
                rmSync(attributes, { force: true });
            },
        }));
    const backup = `${state}.bak`;
    if (existsSync(state) && !hasJson(state) && hasJson(backup)) {
        damage.push({
            text: `The state ${state} is damaged: its backup ${path.basename(backup)} replaces it.`,
            repair: () => {
                writeAtomically(state, readFileSync(backup, "utf8"));
                rmSync(attributesOf(state), { force: true });
            },
        });
    }
    // The next version of the state, or of its backup.
    const drafts = filesIn(path.dirname(state), `${path.basename(state)}.`, ".tmp");
    if (drafts.length > 0) {
        damage.push({
            text: "An incomplete state is removed; the previous one stays valid.",
            repair: () => {
                for (const draft of drafts) {
                    rmSync(draft, { force: true });
                }
            },
        });
    }
    return damage;
}

function attributesOf(file: string): string {
    return `${file}.attrs`;
}

function hasJson(file: string): boolean {
    return existsSync(file) && parseJson(readFileSync(file, "utf8")) !== undefined;
}
