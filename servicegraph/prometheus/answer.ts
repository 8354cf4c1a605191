import { Fault } from "../fault";
import { readGoFloat } from "../text/goText";
import { wellFormed } from "../text/wellFormed";

/** One element of the vector that answers an instant query. */
export interface Sample {
    labels: Readonly<Record<string, unknown>>;
    value: number;
}

/** A label's value; of one that is missing, it is empty, as everywhere in Prometheus. */
export function labelOf({ labels }: Sample, name: string): string {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return typeof value === "string" ? wellFormed(value) : "";
}

/** Kinds of errors of Prometheus' API that say "too slow" rather than "wrong". */
const TOO_SLOW = ["timeout", "canceled"];

/** No element of a vector is longer, in UTF-16 units. */
const LONGEST_ELEMENT = 1_000_000;

/** Nor is what comes before the elements. */
const LONGEST_BEFORE = 1_000_000;

/** In front of the elements of a vector. */
const RESULT = /"result"\s*:\s*\[/;

/**
 * Reads Prometheus' answer to an instant query while it comes in, element by element: of a large vector, neither the text nor the
 * parsed whole is ever in memory.
 */
export class AnswerReader {
    /** Text that is still to be looked at. */
    private text = "";
    /** How much of it was looked at, in an element. */
    private looked = 0;
    private depth = 0;
    private isInString = false;
    /** The answer without its elements. */
    private around = "";
    private part: "before" | "elements" | "after" = "before";

    /** @param take gets each element */
    constructor(private readonly take: (sample: Sample) => void) {}

    /** @throws Fault 502 where an element is not what a vector has */
    push(text: string): void {
        this.text += text;
        if (this.part === "before") {
            this.findElements();
        }
        if (this.part === "elements") {
            this.readElements();
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
        if (resultType !== "vector" || !(Array.isArray(result) || result === null)) {
            throw new Fault(502, `Prometheus does not answer with a vector, but with ${shown(resultType)}`);
        }
    }

    private findElements(): void {
        const start = RESULT.exec(this.text);
        if (start) {
            const end = start.index + start[0].length;
            this.around = this.text.slice(0, end);
            this.text = this.text.slice(end);
            this.part = "elements";
        } else if (this.text.length > LONGEST_BEFORE) {
            throw new Fault(
                502,
                `Prometheus answers with something long that is not its API's JSON: ${shown(this.text)}`,
            );
        }
    }

    private readElements(): void {
        let start = 0;
        for (; this.looked < this.text.length; this.looked += 1) {
            const character = this.text[this.looked];
            if (this.isInString) {
                if (character === "\\") {
                    this.looked += 1;
                } else if (character === '"') {
                    this.isInString = false;
                }
            } else if (character === '"') {
                this.isInString = true;
            } else if (character === "{") {
                start = this.depth === 0 ? this.looked : start;
                this.depth += 1;
            } else if (character === "}") {
                this.depth -= 1;
                if (this.depth === 0) {
                    this.take(readSample(this.text.slice(start, this.looked + 1)));
                    start = this.looked + 1;
                }
            } else if (character === "]" && this.depth === 0) {
                this.part = "after";
                break;
            }
        }
        this.text = this.text.slice(this.part === "after" ? this.looked : start);
        this.looked -= start;
        if (this.looked > LONGEST_ELEMENT) {
            throw new Fault(502, `Prometheus' vector has an element of more than ${LONGEST_ELEMENT} characters`);
        }
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

function readSample(text: string): Sample {
    const element = parseElement(text);
    const { metric, value } = isObject(element) ? element : {};
    const [, number] = Array.isArray(value) ? (value as unknown[]) : [];
    if (!isObject(metric) || typeof number !== "string") {
        throw new Fault(502, `Prometheus' vector has an element without labels or value: ${shown(text)}`);
    }
    return { labels: metric, value: readNumber(number) };
}

function parseElement(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        throw new Fault(502, `Prometheus' vector has an element that is not JSON: ${shown(text)}`);
    }
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
