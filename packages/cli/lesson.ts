/** `lesson`: sets up a lesson of the course on the sandbox, and takes it back. */
import path from "node:path";
import { load } from "../compile/compiled";
import type * as Lesson from "./lesson/lesson";
import { commandOf } from "./terminal/commandLine";
import { wholeNumber } from "./terminal/optionValues";

export const command = commandOf("lesson")
    .description(
        "Sets up a lesson of the course in docs/course: puts its words into Pulumi.local.yaml, says what changes, and " +
            "deploys to the sandbox. Without a number, it lists the lessons.",
    )
    .argument("[number]", "the number of a lesson", wholeNumber(1, 99))
    .option("--undo", "take the lesson back: the file and the mesh are as they were before")
    .option("--rendered", "apply what the program renders, even if the Pulumi CLI is available")
    .action((number: number | undefined, options: Lesson.LessonOptions) => {
        const { lesson } = load(path.join(__dirname, "lesson/lesson.ts")) as typeof Lesson;
        return lesson(number, options);
    });
