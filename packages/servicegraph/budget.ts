import { RequestError } from "./requestError";

/** What a graph may use of the memory, in bytes. All graphs that are made at the same time share a second budget. */
export class Budget {
    private used = 0;

    /** @param shared the budget of all graphs; by default there is none */
    constructor(
        private readonly most: number,
        private readonly shared?: Budget,
    ) {}

    /** @throws RequestError 503 if nothing is left */
    take(bytes: number): void {
        if (this.used + bytes > this.most) {
            throw new RequestError(
                503,
                this.shared
                    ? "the graph is too large for the server's memory; use a filter"
                    : "too many large graphs were requested at once; try again in a moment",
            );
        }
        this.shared?.take(bytes);
        this.used += bytes;
    }

    /** Gives back everything. */
    release(): void {
        this.shared?.giveBack(this.used);
        this.used = 0;
    }

    private giveBack(bytes: number): void {
        this.used -= bytes;
    }
}

/** How V8 holds a string: one byte for each character, or two if one of them is not in Latin-1; and its header. */
export function bytesOf(text: string): number {
    return 24 + (WIDE.test(text) ? 2 : 1) * text.length;
}

const WIDE = /[^\0-\xff]/;
