import { RequestError } from "../requestError";

/** How many nodes can be added, and how long their names may be together. */
const LIMITS = { nodes: 1000, characters: 100_000 };

/** Nodes that were added by `POST /node`: shown in every graph, until the server ends. */
export class AddedNodes {
    private readonly names = new Set<string>();
    private characters = 0;

    /** Another one whenever a node was added. */
    get version(): number {
        return this.names.size;
    }

    [Symbol.iterator](): Iterator<string> {
        return this.names.values();
    }

    /** @throws RequestError 507 where there are too many */
    add(name: string): void {
        if (this.names.has(name)) {
            return;
        }
        if (this.names.size >= LIMITS.nodes || this.characters + name.length > LIMITS.characters) {
            throw new RequestError(
                507,
                `no more nodes can be added: ${LIMITS.nodes} nodes or ${LIMITS.characters} characters are the limit`,
            );
        }
        this.names.add(name);
        this.characters += name.length;
    }
}
