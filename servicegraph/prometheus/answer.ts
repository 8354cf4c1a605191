import { Fault } from "../server/fault";
import { wellFormed } from "../text/wellFormed";

/** One element of the vector that answers an instant query. */
export interface Sample {
    labels: Readonly<Record<string, unknown>>;
    value: number;
}

/** A label's value; of one that is missing, it is empty, as everywhere in Prometheus. */
export function labelOf({ labels }: Sample, name: string): string {
    const value = labels[name];
    return typeof value === "string" ? value : "";
}

/** Kinds of errors of Prometheus' API that say "too slow" rather than "wrong". */
const TOO_SLOW = ["timeout", "canceled"];

/**
 * Reads Prometheus' answer to an instant query.
 * @throws Fault with what is wrong with it, or with the reason that Prometheus itself gives
 */
export function readAnswer(body: string, status: number): Sample[] {
    const answer = parse(body, status);
    if (answer.status !== "success") {
        const { errorType, error } = answer;
        throw new Fault(
            TOO_SLOW.includes(String(errorType)) ? 504 : 502,
            `Prometheus refuses the query: ${shown(errorType)}: ${shown(error)}`,
        );
    }
    const data = isObject(answer.data) ? answer.data : {};
    if (data.resultType !== "vector" || !Array.isArray(data.result)) {
        throw new Fault(502, `Prometheus does not answer with a vector, but with ${shown(data.resultType)}`);
    }
    return data.result.map(readSample);
}

function parse(body: string, status: number): Record<string, unknown> {
    try {
        // Halves of surrogate pairs, which Go reads as U+FFFD, can only be written as escapes.
        const repair = /\\ud[89a-f]/i.test(body)
            ? (_: string, value: unknown) => (typeof value === "string" ? wellFormed(value) : value)
            : undefined;
        const answer: unknown = JSON.parse(body, repair);
        if (isObject(answer) && typeof answer.status === "string") {
            return answer;
        }
    } catch {
        // Told below: it is not what Prometheus answers.
    }
    throw new Fault(502, `Prometheus answers with status ${status} and something that is not its API's JSON`);
}

function readSample(element: unknown): Sample {
    const { metric, value } = isObject(element) ? element : {};
    const [, text] = Array.isArray(value) ? (value as unknown[]) : [];
    if (!isObject(metric) || typeof text !== "string") {
        throw new Fault(502, "Prometheus' vector has an element without labels and a value");
    }
    return { labels: metric, value: readNumber(text) };
}

/** Prometheus writes numbers as Go does: NaN, +Inf and -Inf are among them. */
function readNumber(text: string): number {
    const infinite = /^([+-]?)Inf$/.exec(text);
    if (infinite) {
        return infinite[1] === "-" ? -Infinity : Infinity;
    }
    const number = Number(text);
    if (text === "NaN" || (!Number.isNaN(number) && text.trim() !== "")) {
        return number;
    }
    throw new Fault(502, `Prometheus' vector has a value that is not a number: ${shown(text)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Something of an answer in a message: short, whatever it is. */
function shown(value: unknown): string {
    const text = typeof value === "string" ? value : value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
