/* A strict reader of XML 1.0 for pages and drawings: with the five standard entities, without processing instructions and CDATA. */

export interface XmlElement {
    name: string;
    attributes: Map<string, string>;
    children: (XmlElement | string)[];
}

/** The characters that XML 1.0 allows, escaped or not (its production 2). */
const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const NAME = "[A-Za-z_:][\\w:.-]*";
const ENTITIES: Partial<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @throws Error if the text is not well-formed */
export function parseXml(text: string): XmlElement {
    if (!CHARACTERS.test(text)) {
        throw new Error("a character that XML does not allow");
    }
    const root: XmlElement = { name: "", attributes: new Map(), children: [] };
    const open = [root];
    const pattern = new RegExp(
        `<!DOCTYPE html>|<!--(?:(?!--).)*-->|<(?<end>/${NAME})\\s*>|` +
            `<(?<start>${NAME})(?<attributes>(?:\\s+${NAME}="[^"<]*")*)\\s*(?<empty>/)?>|(?<text>[^<]+)`,
        "gsuy",
    );
    while (pattern.lastIndex < text.length) {
        const at = pattern.lastIndex;
        const groups = pattern.exec(text)?.groups;
        const parent = open.at(-1);
        if (!groups || !parent) {
            throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 60)}`);
        }
        if (groups.text !== undefined) {
            parent.children.push(unescape(groups.text));
        } else if (groups.end !== undefined) {
            if (parent.name !== groups.end.slice(1)) {
                throw new Error(`<${parent.name}> is ended by <${groups.end}>`);
            }
            open.pop();
        } else if (groups.start !== undefined) {
            const element: XmlElement = {
                name: groups.start,
                attributes: readAttributes(groups.attributes ?? ""),
                children: [],
            };
            parent.children.push(element);
            if (groups.empty === undefined) {
                open.push(element);
            }
        }
    }
    const elements = root.children.filter((child) => typeof child !== "string");
    if (open.length !== 1 || elements.length !== 1 || root.children.some((child) => child === "" || isText(child))) {
        throw new Error("not exactly one element, ended");
    }
    return elements[0] as XmlElement;
}

const isText = (child: XmlElement | string) => typeof child === "string" && child.trim() !== "";

function readAttributes(text: string): Map<string, string> {
    const attributes = new Map<string, string>();
    for (const [, name = "", value = ""] of text.matchAll(new RegExp(`(${NAME})="([^"]*)"`, "gu"))) {
        if (attributes.has(name)) {
            throw new Error(`attribute ${name} twice`);
        }
        attributes.set(name, unescape(value));
    }
    return attributes;
}

function unescape(text: string): string {
    return text.replace(
        /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+))?(;)?/g,
        (found, decimal?: string, hex?: string, name?: string, end?: string) => {
            const point = decimal === undefined ? (hex === undefined ? undefined : parseInt(hex, 16)) : Number(decimal);
            const character = point === undefined ? ENTITIES[name ?? ""] : String.fromCodePoint(point);
            if (end === undefined || character === undefined || !CHARACTERS.test(character)) {
                throw new Error(`no reference: ${found}`);
            }
            return character;
        },
    );
}

/** An element and all its descendants. */
export function elementsIn(element: XmlElement): XmlElement[] {
    return [element, ...element.children.flatMap((child) => (typeof child === "string" ? [] : elementsIn(child)))];
}

/** The text of an element and its descendants. */
export function textOf(element: XmlElement): string {
    return element.children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}
