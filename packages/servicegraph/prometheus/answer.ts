import { RequestError } from "../requestError";
import { readGoFloat } from "../text/goText";
import { wellFormed } from "../text/wellFormed";

/** One element of the vector that answers an instant query. */
export interface Sample {
    labels: Readonly<Record<string, unknown>>;
    value: number;
}

/**
 * A label's value; empty if the label is missing, as everywhere in Prometheus.
 * @throws RequestError 502 if it is not a string
 */
export function labelOf({ labels }: Sample, name: string): string {
    const value = labels[name];
    if (typeof value === "string") {
        return wellFormed(value);
    }
    // Go reads null as an empty string. What every object inherits, such as `constructor`, is not a label.
    if (value === null || !Object.hasOwn(labels, name)) {
        return "";
    }
    throw new RequestError(502, `Prometheus' vector has a label ${name} that is not a string: ${shown(value)}`);
}

/** The error types of Prometheus' API that mean "too slow" and not "wrong". */
const TOO_SLOW = ["timeout", "canceled"];

/** How Prometheus writes a vector up to its first element; VictoriaMetrics also says whether it is complete. */
const HEAD = /^\{"status":"success",(?:"isPartial":(?:true|false),)?"data":\{"resultType":"vector","result":\[/;
/** Where the next element begins. */
const NEXT = ',{"metric":';

/** The most characters of one element, or of an answer in another format: each of them is parsed as a whole. */
const MOST_PARSED = 4 * 1024 * 1024;

/**
 * Reads Prometheus' answer to an instant query while it arrives: neither the text nor the objects of a large vector are in memory as a
 * whole. An answer in another format is parsed at its end.
 */
export class AnswerReader {
    private text = "";
    private inPieces = true;
    /** The last characters of the text, in which the next element may begin. */
    private tail = "";

    /** @param take gets each sample */
    constructor(private readonly take: (sample: Sample) => void) {}

    /** @throws RequestError 502 if an element is invalid, 503 if it is too long */
    push(text: string): void {
        this.text += text;
        // A search in the whole text, for each piece of a long element, would take quadratic time.
        const recent = this.tail + text;
        this.tail = recent.slice(1 - NEXT.length);
        const end = this.inPieces && recent.includes(NEXT) ? this.text.lastIndexOf(NEXT) : -1;
        const head = end > 0 ? (HEAD.exec(this.text)?.[0] ?? "") : "";
        if (end > head.length) {
            // The piece is not JSON if the cut is inside a name, or if the answer has another format.
            const elements = head && parse(`[${this.text.slice(head.length, end)}]`);
            this.inPieces = Array.isArray(elements);
            if (Array.isArray(elements)) {
                this.takeAll(elements);
                this.text = head + this.text.slice(end + 1);
            }
        }
        if (this.text.length > MOST_PARSED) {
            throw /^\s*\{/.test(this.text)
                ? new RequestError(
                      503,
                      `Prometheus' answer has a part of more than ${MOST_PARSED} characters that cannot be divided; use a filter`,
                  )
                : new RequestError(502, `Prometheus answers with ${NO_JSON}`);
        }
    }

    /** @throws RequestError 502 or 504 with what is wrong with the answer, or with the reason that Prometheus gives */
    end(httpStatus: number): void {
        const answer = parse(this.text);
        if (!isObject(answer) || typeof answer.status !== "string") {
            throw new RequestError(502, `Prometheus answers with status ${httpStatus} and ${NO_JSON}`);
        }
        const { status, errorType, error, data } = answer;
        if (status !== "success") {
            throw new RequestError(
                TOO_SLOW.includes(String(errorType)) ? 504 : 502,
                `Prometheus refuses the query: ${shown(errorType)}: ${shown(error)}`,
            );
        }
        if (httpStatus < 200 || httpStatus > 299) {
            throw new RequestError(502, `Prometheus answers with status ${httpStatus}`);
        }
        const { resultType, result } = isObject(data) ? data : {};
        // Prometheus and the servicegraph of Istio 1.0 are written in Go, which reads null as an empty list.
        const elements = result === null ? [] : result;
        if (resultType !== "vector") {
            throw new RequestError(502, `Prometheus does not answer with a vector, but with ${shown(resultType)}`);
        }
        if (!Array.isArray(elements)) {
            throw new RequestError(502, `Prometheus answers with a vector that is not a list: ${shown(elements)}`);
        }
        this.takeAll(elements);
    }

    private takeAll(elements: readonly unknown[]): void {
        for (const element of elements) {
            this.take(readSample(element));
        }
    }
}

const NO_JSON = "a body that is not its API's JSON";

/** Undefined if the text is not JSON. */
function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function readSample(element: unknown): Sample {
    const { metric: labels, value: pair } = isObject(element) ? element : {};
    const [, text] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (!isObject(labels) || typeof text !== "string") {
        throw new RequestError(502, `Prometheus' vector has an element without labels or value: ${shown(element)}`);
    }
    const value = readGoFloat(text);
    if (value === undefined) {
        throw new RequestError(502, `Prometheus' vector has a value that is not a number: ${shown(text)}`);
    }
    return { labels, value };
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A part of an answer for a message: at most 500 characters. */
function shown(value: unknown): string {
    const text = typeof value === "string" ? value : value === undefined ? "nothing" : written(value);
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** JSON.stringify is recursive, unlike JSON.parse: it refuses what is nested some thousand times. */
function written(value: unknown): string {
    try {
        return JSON.stringify(value);
    } catch {
        return "a value that is nested too deeply";
    }
}
