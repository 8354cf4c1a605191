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

/** How Prometheus writes a vector: up to its first element, and where the next element begins. */
const HEAD = '{"status":"success","data":{"resultType":"vector","result":[';
const NEXT = ',{"metric":';

/**
 * Reads Prometheus' answer to an instant query while it arrives: neither the text nor the objects of a large vector are in memory as a
 * whole. An answer in another format is parsed at its end.
 */
export class AnswerReader {
    private text = "";
    private inPieces = true;

    /** @param take gets each sample */
    constructor(private readonly take: (sample: Sample) => void) {}

    /** @throws RequestError 502 if an element is invalid */
    push(text: string): void {
        this.text += text;
        const end = this.text.lastIndexOf(NEXT);
        if (this.inPieces && end > HEAD.length) {
            // The piece is not JSON if the cut is inside a name, or if the answer has another format.
            const elements = this.text.startsWith(HEAD) ? parse(`[${this.text.slice(HEAD.length, end)}]`) : undefined;
            this.inPieces = Array.isArray(elements);
            if (Array.isArray(elements)) {
                this.takeAll(elements);
                this.text = HEAD + this.text.slice(end + 1);
            }
        }
    }

    /** @throws RequestError 502 or 504 with what is wrong with the answer, or with the reason that Prometheus gives */
    end(httpStatus: number): void {
        const answer = parse(this.text);
        if (!isObject(answer) || typeof answer.status !== "string") {
            throw new RequestError(
                502,
                `Prometheus answers with status ${httpStatus} and a body that is not its API's JSON`,
            );
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
        if (resultType !== "vector" || !Array.isArray(elements)) {
            throw new RequestError(502, `Prometheus does not answer with a vector, but with ${shown(resultType)}`);
        }
        this.takeAll(elements);
    }

    private takeAll(elements: readonly unknown[]): void {
        for (const element of elements) {
            this.take(readSample(element));
        }
    }
}

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
    const text = typeof value === "string" ? value : value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
