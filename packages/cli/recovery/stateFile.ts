import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { writeAtomically } from "../../shared/atomicWrite";
import type { StackFiles } from "./backendFolder";

/** Something of the backend's own that keeps every engine from it, or is of no use. */
export interface Damage {
    /** What was found, and what is done about it. */
    text: string;
    mend: () => void;
}

/**
 * Looks for what an engine has left that was killed, or whose machine stopped, while it wrote a state. It writes a new file and
 * puts that in the place of the old one; but the attributes beside a file are written in place, and while they are not
 * whole, no engine reads the file, which is.
 */
export function damageOf({ layout, state }: StackFiles): Damage[] {
    const damage: Damage[] = [];
    for (const attributes of [layout, state].map(attributesOf)) {
        if (existsSync(attributes) && !holdsJson(attributes)) {
            damage.push({
                text: `A run was killed while it wrote the state: ${path.basename(attributes)}, half written, is removed.`,
                mend: () => {
                    rmSync(attributes, { force: true });
                },
            });
        }
    }
    const backup = `${state}.bak`;
    if (existsSync(state) && !holdsJson(state) && holdsJson(backup)) {
        damage.push({
            text: `The state ${state} is damaged: the one before it, ${path.basename(backup)}, takes its place.`,
            mend: () => {
                writeAtomically(state, readFileSync(backup, "utf8"));
                rmSync(attributesOf(state), { force: true });
            },
        });
    }
    const drafts = draftsOf(state);
    if (drafts.length > 0) {
        damage.push({
            text: "A state that was not written to its end is removed; the one before it holds.",
            mend: () => {
                for (const draft of drafts) {
                    rmSync(draft, { force: true });
                }
            },
        });
    }
    return damage;
}

/** Where the backend keeps the attributes of a file. */
function attributesOf(file: string): string {
    return `${file}.attrs`;
}

/** The files that the engine was to put in the place of the state, or of its backup. */
function draftsOf(state: string): string[] {
    const folder = path.dirname(state);
    return (existsSync(folder) ? readdirSync(folder) : [])
        .filter((name) => name.startsWith(`${path.basename(state)}.`) && name.endsWith(".tmp"))
        .map((name) => path.join(folder, name));
}

function holdsJson(file: string): boolean {
    try {
        JSON.parse(readFileSync(file, "utf8"));
        return true;
    } catch {
        return false;
    }
}
