import { RequestError } from "../requestError";

/** The most nodes that can be added, and the most characters of all their names. */
const LIMITS = { nodes: 1000, characters: 100_000 };

/** Nodes added by `POST /node`. Every graph shows them until the server ends. */
export class AddedNodes {
    private readonly names = new Set<string>();
    private characters = 0;

    /** Changes with each added node. */
    get version(): number {
        return this.names.size;
    }

    [Symbol.iterator](): Iterator<string> {
        return this.names.values();
    }

    /** @throws RequestError 507 if there are too many */
    add(name: string): void {
        if (this.names.has(name)) {
            return;
        }
        if (this.names.size >= LIMITS.nodes || this.characters + name.length > LIMITS.characters) {
            throw new RequestError(
                507,
                `no more nodes can be added: the limit is ${LIMITS.nodes} nodes or ${LIMITS.characters} characters`,
            );
        }
        this.names.add(name);
        this.characters += name.length;
    }
}
