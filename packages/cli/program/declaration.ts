/** What a run of the program on the test monitor declared. Plain data: it crosses a process boundary. */

export interface DeclaredResource {
    urn: string;
    /** Type token, such as `kubernetes:core/v1:Service`. */
    type: string;
    /** Pulumi's name of the resource. */
    name: string;
    /** False for components, which stand for no object of their own. */
    custom: boolean;
    /** True where the program only reads the object (`Service.get`). */
    read: boolean;
    parent?: string;
    /** URNs of what the resource depends on, by `dependsOn` or by an input that is another's output. */
    dependencies: string[];
    inputs: Record<string, unknown>;
    /** Paths of the inputs that Pulumi treats as secret, such as `stringData.password`. */
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
