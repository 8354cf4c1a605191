import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { writeWhole } from "../wholeFile";

/**
 * Looks for what an engine has left that was killed, or whose machine stopped, while it wrote a state. It writes a new file and
 * puts that in the place of the old one; but the attributes beside the state are written in place, and while they are not
 * whole, no engine reads the state, which is.
 * @param file the state in a backend that is a folder
 * @returns what to do, and what to say about it
 */
export function damageOf(file: string): { text: string; mend: () => void }[] {
    const attributes = `${file}.attrs`;
    const backup = `${file}.bak`;
    const drafts = existsSync(path.dirname(file))
        ? readdirSync(path.dirname(file)).filter((name) => isDraft(name, path.basename(file)))
        : [];
    return [
        ...(existsSync(attributes) && !holdsJson(attributes)
            ? [
                  {
                      text: `A run was killed while it wrote the state: ${path.basename(attributes)}, half written, is removed.`,
                      mend: () => {
                          rmSync(attributes, { force: true });
                      },
                  },
              ]
            : []),
        ...(existsSync(file) && !holdsJson(file) && holdsJson(backup)
            ? [
                  {
                      text: `The state ${file} is damaged: the one before it, ${path.basename(backup)}, takes its place.`,
                      mend: () => {
                          writeWhole(file, readFileSync(backup, "utf8"));
                          rmSync(attributes, { force: true });
                      },
                  },
              ]
            : []),
        ...(drafts.length > 0
            ? [
                  {
                      text: "A state that was not written to its end is removed; the one before it holds.",
                      mend: () => {
                          for (const draft of drafts) {
                              rmSync(path.join(path.dirname(file), draft), { force: true });
                          }
                      },
                  },
              ]
            : []),
    ];
}

/** Whether a file is one that the engine writes to put it in the place of the state, or of its backup. */
function isDraft(name: string, state: string): boolean {
    return name.startsWith(`${state}.`) && name.endsWith(".tmp");
}

function holdsJson(file: string): boolean {
    try {
        JSON.parse(readFileSync(file, "utf8"));
        return true;
    } catch {
        return false;
    }
}
