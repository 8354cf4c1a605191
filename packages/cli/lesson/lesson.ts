import pc from "picocolors";
import { parse } from "yaml";
import { drainSecondsOf } from "../../../components/istio/values";
import { pause } from "../../kubernetes/wait";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { SANDBOX_STACK } from "../../shared/project";
import { deploy, pageLine } from "../deployment/deploy";
import type { Declaration } from "../program/declaration";
import type { StackFile } from "../program/projectConfig";
import { declarationWithPlaceholders } from "../render/placeholders";
import { configOf } from "../stack/config";
import { findStack } from "../stack/stack";
import { Progress } from "../terminal/progress";
import { runCommand } from "../terminal/runCommand";
import { keySetFor } from "../token/advice";
import { keyPair } from "../token/keyPair";
import { activeLesson, begin, end, fileWithout, readFile } from "./active";
import { changesBetween, secondsToSettle } from "./changes";
import { lessonList, lessonPage, type LessonPage, lessonPages } from "./page";
import { withWords } from "./words";

export interface LessonOptions {
    undo?: boolean;
    rendered?: boolean;
}

/** Runs `lesson` to its end, and exits. */
export function lesson(number: number | undefined, options: LessonOptions): Promise<void> {
    return runCommand(
        (stop) => {
            if (options.undo) {
                return undo(number, options, stop);
            }
            if (number === undefined) {
                list();
                return Promise.resolve();
            }
            return setUp(lessonPage(number), options, stop);
        },
        `Stopped. \`${commandLine("up")}\` continues from here; \`${commandLine("lesson")} --undo\` takes the lesson back.`,
    );
}

function list(): void {
    const active = activeLesson();
    console.log(["Lessons:", ...lessonList(lessonPages())].join("\n"));
    console.log(
        active === undefined
            ? `\n\`${commandLine("lesson", ["1"])}\` sets up the first one.`
            : `\nLesson ${active.number} is set up. \`${commandLine("lesson", [String(active.number), "--undo"])}\` takes it back.`,
    );
}

async function setUp(page: LessonPage, options: LessonOptions, stop: AbortSignal): Promise<void> {
    const text = readFile();
    const before = fileWithout(activeLesson(), text);
    const keySet = () => JSON.stringify(keySetFor({ login: undefined, publicJwk: keyPair().publicJwk }));
    const { text: after, replaced } = withWords(before, page.words, keySet);
    console.log(pc.bold(`Lesson ${page.number}: ${page.title}`));
    // Before anything is written: it fails if the words do not fit the rest of the file.
    const changes = await changesOf(text, after, stop);
    begin({ number: page.number, before, after, replaced });
    await deployWith(changes, options, stop);
    const back = commandLine("lesson", [String(page.number), "--undo"]);
    console.log(`Go on in ${page.file}. \`${back}\` takes the lesson back.`);
}

async function undo(number: number | undefined, options: LessonOptions, stop: AbortSignal): Promise<void> {
    const active = activeLesson();
    if (active === undefined) {
        throw new UserError(`no lesson is set up; \`${commandLine("lesson")}\` lists them`);
    }
    if (number !== undefined && number !== active.number) {
        throw new UserError(`lesson ${number} is not set up, but lesson ${active.number} is`);
    }
    const text = readFile();
    const before = fileWithout(active, text);
    const changes = await changesOf(text, before, stop);
    end(before);
    await deployWith(changes, options, stop);
}

async function deployWith(changes: readonly string[], options: LessonOptions, stop: AbortSignal): Promise<void> {
    console.log(["", "What changes:", ...(changes.length > 0 ? changes : ["nothing"]), ""].join("\n"));
    const stack = findStack({});
    const served = await deploy(stack, options, stop);
    // A deployment ends when istiod has everything. What a page says next is about what proxies do.
    const seconds = secondsToSettle(changes, drainSecondsOf(configOf(stack).istio.values.istiod));
    if (seconds > 0) {
        await new Progress().during(`Every proxy has it, after ${seconds} s`, () => pause(seconds * 1000, stop));
    }
    console.log(pageLine(served));
}

/** What a deployment changes if the stack's file changes from one text to another. */
async function changesOf(before: string, after: string, stop: AbortSignal): Promise<string[]> {
    const [was, is] = await Promise.all([before, after].map((text) => declarationOf(text, stop)));
    return was && is ? changesBetween(was, is) : [];
}

/** What the program declares with a text as the file of the sandbox's stack. The sandbox need not run. */
function declarationOf(text: string, stop: AbortSignal): Promise<Declaration> {
    return declarationWithPlaceholders(SANDBOX_STACK, parse(text) as StackFile, stop);
}
