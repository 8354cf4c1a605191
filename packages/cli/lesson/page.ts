/** The pages of the course. Each has the words of its lesson as its first block of YAML. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../shared/errors";
import { PROJECT_FOLDER } from "../../shared/project";

const COURSE_FOLDER = path.join("docs", "course");

export interface LessonPage {
    number: number;
    title: string;
    /** The page, from the project's folder. */
    file: string;
    /** What the lesson sets, as a part of a stack's file. */
    words: string;
}

/** All lessons, in their order. */
export function lessonPages(): LessonPage[] {
    const folder = path.join(PROJECT_FOLDER, COURSE_FOLDER);
    const names = readdirSync(folder).filter((name) => /^\d\d-.*\.md$/.test(name));
    return names.sort().map((name) => pageOf(path.join(COURSE_FOLDER, name)));
}

/** @throws UserError naming all lessons, if there is none of this number */
export function lessonPage(number: number): LessonPage {
    const pages = lessonPages();
    const found = pages.find((page) => page.number === number);
    if (found === undefined) {
        throw new UserError(`there is no lesson ${number}. The lessons are:\n${lessonList(pages).join("\n")}`);
    }
    return found;
}

/** A line for each lesson. */
export function lessonList(pages: readonly LessonPage[]): string[] {
    return pages.map(({ number, title }) => `  ${String(number).padStart(2)}  ${title}`);
}

function pageOf(file: string): LessonPage {
    const text = readFileSync(path.join(PROJECT_FOLDER, file), "utf8");
    const [, number, title] = /^# (\d+)\. (.+)$/m.exec(text) ?? [];
    const [, words] = /^```yaml\n(.*?)^```$/ms.exec(text) ?? [];
    if (number === undefined || title === undefined || words === undefined) {
        throw new UserError(`${file} is no lesson: it needs a heading such as "# 1. Title", and a block of yaml`);
    }
    return { number: Number(number), title, file, words };
}
