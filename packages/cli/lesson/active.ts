/** The lesson that is set up. Its record is beside the state of the commands. */
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { makePrivateFolder, writeAtomically } from "../../shared/privateFiles";
import { parseJson } from "../../shared/json";
import { readOr } from "../../shared/processId";
import { SANDBOX_STACK, STATE_FOLDER, stackFile } from "../../shared/project";
import { type Replaced, withoutWords } from "./words";

export interface ActiveLesson {
    number: number;
    /** The stack's file before the lesson and with its words. */
    before: string;
    after: string;
    replaced: Replaced[];
}

const RECORD = path.join(STATE_FOLDER, "lesson.json");

/** Permissions of a stack's file, as Git gives them. */
const READABLE = 0o644;

/** The lesson that is set up; undefined if there is none. */
export function activeLesson(): ActiveLesson | undefined {
    return parseJson(readOr(RECORD, "")) as ActiveLesson | undefined;
}

/** The file of the sandbox's stack. */
export function readFile(): string {
    return readFileSync(stackFile(SANDBOX_STACK), "utf8");
}

/** A text of the sandbox's stack file without the words of a lesson. What was changed in it since, stays. */
export function fileWithout(lesson: ActiveLesson | undefined, text: string): string {
    if (lesson === undefined) {
        return text;
    }
    return text === lesson.after ? lesson.before : withoutWords(text, lesson.replaced);
}

/** Writes the file with a lesson's words. The record comes first, so that an interruption leaves a lesson that can be undone. */
export function begin(lesson: ActiveLesson): void {
    makePrivateFolder(STATE_FOLDER);
    writeAtomically(RECORD, JSON.stringify(lesson));
    writeAtomically(stackFile(SANDBOX_STACK), lesson.after, READABLE);
}

/** Writes the file without a lesson's words, and forgets the lesson. */
export function end(text: string): void {
    writeAtomically(stackFile(SANDBOX_STACK), text, READABLE);
    rmSync(RECORD, { force: true });
}
