/** Puts the words of a lesson into a stack's file, and takes them out again. Comments and everything else in the file stay. */
import { type Document, isMap, isNode, isScalar, parseDocument, visit } from "yaml";
import { PROJECT_NAME } from "../../shared/project";

/** A place in a stack's file, and the value that was there before a lesson; undefined if there was none. */
export interface Replaced {
    path: string[];
    before?: unknown;
}

/** In a page, this stands for the public keys of this clone, as `token --jwks` prints them. */
const KEY_SET = "JWKS";

/** Long lines are not folded. */
const LAYOUT = { lineWidth: 0 } as const;

/**
 * @param text of the stack's file
 * @param words of a lesson, as a part of such a file
 * @param keySet the public keys of this clone, as JSON; only asked for if the words name them
 * @returns the new text, and what it replaces
 */
export function withWords(text: string, words: string, keySet: () => string): { text: string; replaced: Replaced[] } {
    const file = parseDocument(text);
    const given = parseDocument(words);
    visit(given, {
        Scalar: (_, node) => {
            if (node.value === KEY_SET) {
                node.value = keySet();
            }
        },
    });
    const replaced: Replaced[] = [];
    const place = (path: string[]): void => {
        const node = given.getIn(path, true);
        const there = pathIn(file, path);
        const existing = file.getIn(there, true);
        if (isMap(node) && isMap(existing)) {
            for (const { key } of node.items) {
                place([...path, String(isScalar(key) ? key.value : key)]);
            }
        } else {
            replaced.push({ path: there, ...(isNode(existing) && { before: existing.toJSON() as unknown }) });
            file.setIn(there, node);
        }
    };
    place(["config"]);
    return { text: file.toString(LAYOUT), replaced };
}

/** Takes a lesson's words out of a stack's file that was changed since. */
export function withoutWords(text: string, replaced: readonly Replaced[]): string {
    const file = parseDocument(text);
    for (const { path, before } of replaced) {
        if (before === undefined) {
            file.deleteIn(path);
        } else {
            file.setIn(path, file.createNode(before));
        }
    }
    return file.toString(LAYOUT);
}

/** The same place, if the file names a section without the project. */
function pathIn(file: Document, [config, section, ...rest]: string[]): string[] {
    const short = section?.replace(`${PROJECT_NAME}:`, "");
    return [config, file.hasIn([config, short]) ? short : section, ...rest].filter((key) => key !== undefined);
}
