/** The engine's state of a stack, as `pulumi stack export` writes it; only the fields that are used here. */

/** A resource in the state. */
export interface StateResource {
    urn: string;
    type: string;
    id?: string;
    created?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    /** Whether the program only reads it. */
    external?: boolean;
}

/** A resource as the program or the state declares it. */
export type Declared = Pick<StateResource, "type" | "inputs">;

export interface StackState {
    deployment?: {
        resources?: StateResource[];
        pending_operations?: { type: string; resource: StateResource }[];
    };
}
