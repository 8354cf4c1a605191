import { Fault } from "../fault";
import { readGoFloat } from "../text/goText";
import { wellFormed } from "../text/wellFormed";

/** One element of the vector that answers an instant query. */
export interface Sample {
    labels: Readonly<Record<string, unknown>>;
    value: number;
}

/**
 * A label's value; of one that is missing, it is empty, as everywhere in Prometheus.
 * @throws Fault 502 where it is no text
 */
export function labelOf({ labels }: Sample, name: string): string {
    const value = labels[name];
    // What every object has, such as a constructor, is no string.
    if (typeof value === "string") {
        return wellFormed(value);
    }
    if (value === null || !Object.hasOwn(labels, name)) {
        return "";
    }
    throw new Fault(502, `Prometheus' vector has a label ${name} that is no text: ${shown(value)}`);
}

/** Kinds of errors of Prometheus' API that say "too slow" rather than "wrong". */
const TOO_SLOW = ["timeout", "canceled"];

/** No element of a vector is longer, in UTF-16 units. */
const LONGEST_ELEMENT = 1_000_000;

/** Nor is all that is around the elements. */
const LONGEST_AROUND = 1_000_000;

/**
 * Reads Prometheus' answer to an instant query while it comes in, some elements at a time: of a large vector, neither the text nor
 * the parsed whole is ever in memory. What parts the text is only where elements begin and end; whether they, and all around them,
 * are JSON is for JSON.parse to say.
 */
export class AnswerReader {
    /** Text that is still to be looked at, as far as it was not. */
    private text = "";
    private looked = 0;
    /** The answer without its elements. */
    private around = "";
    private part: "before" | "elements" | "after" = "before";
    private depth = 0;
    private isInString = false;
    /** Where the last string around the elements begins and ends, and the keys on the way to where we are. */
    private string = { start: 0, end: 0 };
    private readonly keys: (string | undefined)[] = [];
    /** Whether a comma came before the text, so that an element has to follow. */
    private isAfterComma = false;

    /** @param take gets each element */
    constructor(private readonly take: (sample: Sample) => void) {}

    /** @throws Fault 502 where an element is not what a vector has */
    push(text: string): void {
        this.text += text;
        if (this.part === "before") {
            this.readAround();
        }
        if (this.part === "elements") {
            this.readElements();
        }
        if (this.part === "after") {
            this.readAround();
        }
    }

    /** @throws Fault 502 or 504 with what is wrong with the answer, or with the reason that Prometheus itself gives */
    end(httpStatus: number): void {
        const { status, errorType, error, data } = parseEnvelope(this.around + this.text, httpStatus);
        if (status !== "success") {
            throw new Fault(
                TOO_SLOW.includes(String(errorType)) ? 504 : 502,
                `Prometheus refuses the query: ${shown(errorType)}: ${shown(error)}`,
            );
        }
        if (httpStatus < 200 || httpStatus > 299) {
            throw new Fault(502, `Prometheus answers with status ${httpStatus}`);
        }
        const { resultType, result } = isObject(data) ? data : {};
        // Go, which both Prometheus and the servicegraph of Istio 1.0 are written in, takes null for an empty list.
        const isList = this.part === "after" ? Array.isArray(result) : result === null;
        if (resultType !== "vector" || !isList) {
            throw new Fault(502, `Prometheus does not answer with a vector, but with ${shown(resultType)}`);
        }
    }

    /** Follows the keys, however they are escaped, up to the list `result` within `data`. */
    private readAround(): void {
        for (; this.looked < this.text.length; this.looked += 1) {
            const character = this.text[this.looked];
            if (this.isInString) {
                if (character === "\\") {
                    this.looked += 1;
                } else if (character === '"') {
                    this.isInString = false;
                    this.string.end = this.looked + 1;
                }
            } else if (character === '"') {
                this.isInString = true;
                this.string.start = this.looked;
            } else if (character === ":") {
                this.keys[this.depth] = parseKey(this.text.slice(this.string.start, this.string.end));
            } else if (character === "{" || character === "[") {
                if (character === "[" && this.depth === 2 && this.keys[1] === "data" && this.keys[2] === "result") {
                    this.beginElements();
                    return;
                }
                this.depth += 1;
                this.keys[this.depth] = undefined;
            } else if (character === "}" || character === "]") {
                this.depth -= 1;
            }
        }
        if (this.around.length + this.text.length > LONGEST_AROUND) {
            throw new Fault(
                502,
                `Prometheus answers with something long that is not its API's JSON: ${shown(this.around + this.text)}`,
            );
        }
    }

    private beginElements(): void {
        if (this.part === "after") {
            throw new Fault(502, "Prometheus answers with two results at once");
        }
        this.around = this.text.slice(0, this.looked + 1);
        this.text = this.text.slice(this.looked + 1);
        [this.part, this.looked, this.depth] = ["elements", 0, 0];
    }

    private readElements(): void {
        this.readUsualElements();
        let comma = -1;
        for (; this.looked < this.text.length; this.looked += 1) {
            const code = this.text.charCodeAt(this.looked);
            if (this.isInString) {
                if (code === BACKSLASH) {
                    this.looked += 1;
                } else if (code === QUOTE) {
                    this.isInString = false;
                }
            } else if (code === QUOTE) {
                this.isInString = true;
            } else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
                this.depth += 1;
            } else if (code === COMMA) {
                comma = this.depth === 0 ? this.looked : comma;
            } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
                if (this.depth === 0) {
                    this.takeElements(this.elementsBefore(this.looked), this.looked, false);
                    // Back in the answer itself, in front of what ends the list `result` of the object `data`.
                    [this.part, this.looked, this.depth] = ["after", 0, 3];
                    return;
                }
                this.depth -= 1;
            }
        }
        if (comma >= 0) {
            this.takeElements(this.elementsBefore(comma), comma, true);
        }
        if (this.text.length > LONGEST_ELEMENT) {
            throw new Fault(502, `Prometheus' vector has an element of more than ${LONGEST_ELEMENT} characters`);
        }
    }

    private elementsBefore(end: number): unknown[] {
        const text = this.text.slice(0, end);
        const elements = parseElements(text);
        if (!elements) {
            throw new Fault(502, `Prometheus' vector has an element that is not JSON: ${shown(text.trim())}`);
        }
        return elements;
    }

    /**
     * Takes elements without looking at each character, where they stand side by side as Prometheus writes them: what is JSON up to
     * its last `},{` is whole elements up to there. If it is not, because a name has these characters, nothing is taken.
     */
    private readUsualElements(): void {
        const comma = this.text.lastIndexOf("},{") + 1;
        const elements = comma > 0 ? parseElements(this.text.slice(0, comma)) : undefined;
        if (elements) {
            [this.looked, this.depth, this.isInString] = [comma, 0, false];
            this.takeElements(elements, comma, true);
        }
    }

    /** Takes the elements in front of `end`, where there is a comma, or the end of all of them. */
    private takeElements(elements: readonly unknown[], end: number, isComma: boolean): void {
        if (elements.length === 0 && (isComma || this.isAfterComma)) {
            throw new Fault(502, "Prometheus' vector has nothing where an element should be");
        }
        for (const element of elements) {
            this.take(readSample(element));
        }
        const next = isComma ? end + 1 : end;
        this.text = this.text.slice(next);
        this.looked = Math.max(0, this.looked - next);
        this.isAfterComma = isComma;
    }
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING_BRACE, CLOSING_BRACE, OPENING_BRACKET, CLOSING_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** A key, unescaped; undefined where it is none: JSON.parse will say so of the whole. */
function parseKey(text: string): string | undefined {
    try {
        return String(JSON.parse(text));
    } catch {
        return undefined;
    }
}

function parseEnvelope(text: string, httpStatus: number): Record<string, unknown> {
    try {
        const answer: unknown = JSON.parse(text);
        if (isObject(answer) && typeof answer.status === "string") {
            return answer;
        }
    } catch {
        // Told below: it is not what Prometheus answers.
    }
    throw new Fault(502, `Prometheus answers with status ${httpStatus} and something that is not its API's JSON`);
}

/** Undefined where they are not JSON. */
function parseElements(text: string): unknown[] | undefined {
    try {
        return JSON.parse(`[${text}]`) as unknown[];
    } catch {
        return undefined;
    }
}

function readSample(element: unknown): Sample {
    const { metric, value } = isObject(element) ? element : {};
    const [, number] = Array.isArray(value) ? (value as unknown[]) : [];
    if (!isObject(metric) || typeof number !== "string") {
        throw new Fault(502, `Prometheus' vector has an element without labels or value: ${shown(element)}`);
    }
    return { labels: metric, value: readNumber(number) };
}

function readNumber(text: string): number {
    const number = readGoFloat(text);
    if (number === undefined) {
        throw new Fault(502, `Prometheus' vector has a value that is not a number: ${shown(text)}`);
    }
    return number;
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Something of an answer in a message: short, whatever it is. */
function shown(value: unknown): string {
    const text = typeof value === "string" ? value : value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
