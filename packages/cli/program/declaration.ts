/** What the program declares on the test monitor. Plain data, because it crosses a process boundary. */

export interface DeclaredResource {
    urn: string;
    /** Type token, such as `kubernetes:core/v1:Service`. */
    type: string;
    name: string;
    /** False for components, which have no object themselves. */
    custom: boolean;
    /** True if the program only reads the object (`Service.get`). */
    read: boolean;
    parent?: string;
    /** URNs of the resources that it depends on, by `dependsOn` or by an input that is another's output. */
    dependencies: string[];
    inputs: Record<string, unknown>;
    /** Paths of the secret inputs, such as `stringData.password`. */
    secrets: string[];
    /** Paths of the inputs that keep their first value, by the resource option `ignoreChanges`. */
    ignoreChanges: string[];
}

export interface ProgramOutput {
    value: unknown;
    secret: boolean;
}

export interface Declaration {
    resources: DeclaredResource[];
    outputs: Record<string, ProgramOutput>;
}
