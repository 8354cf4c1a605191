/** The process in which `evaluateProgram` runs the program: gets the request and gives the answer as messages. */
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { messageOf } from "../../shared/errors";
import type { Declaration } from "./declaration";
import type { EvaluationRequest, FromEvaluation, ToEvaluation } from "./evaluate";
import { listenToMonitor, type Registration } from "./monitor";
import { unwrapSecrets } from "../../shared/secrets";

/** Pulumi's type of the root resource, whose outputs are the program's exports. */
const STACK_TYPE = "pulumi:pulumi:Stack";
const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";

type Properties = Record<string, unknown>;

interface Named {
    namespace?: string;
    name?: string;
}

async function evaluate(request: EvaluationRequest): Promise<Declaration> {
    const declaration: Declaration = { resources: [], outputs: {} };
    pulumi.runtime.setAllConfig(request.config);
    await pulumi.runtime.setMocks(
        {
            newResource: async (resource) => ({ id: idOf(resource), state: await stateOf(resource) }),
            call: ({ token }) => {
                throw new Error(`${token} asks a provider, and there is none where the program is only rendered`);
            },
        },
        request.project,
        request.stack,
        false,
    );
    listenToMonitor(
        (registration) => {
            noteResource(registration, declaration);
        },
        (urn, outputs) => {
            noteOutputs(urn, outputs, declaration);
        },
    );

    // The engine's host loads the program in the same way.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    await pulumi.runtime.runInPulumiStack(() => require(path.join(request.folder, "index.ts")) as Promise<unknown>);
    await pulumi.runtime.disconnect();
    return declaration;
}

function noteResource({ parent, inputs, ...rest }: Registration, { resources }: Declaration): void {
    if (rest.type === STACK_TYPE) {
        return;
    }
    // A component's inputs are the arguments of its constructor. They are not deployed.
    const { value, secrets } = unwrapSecrets(rest.custom ? inputs : {});
    resources.push({ ...rest, parent: parent || undefined, inputs: value as Properties, secrets });
}

function noteOutputs(urn: string, outputs: Properties, declaration: Declaration): void {
    if (!urn.includes(`::${STACK_TYPE}::`)) {
        return;
    }
    for (const [name, serialized] of Object.entries(outputs)) {
        const { value, secrets } = unwrapSecrets(serialized);
        declaration.outputs[name] = { value, secret: secrets.length > 0 };
    }
}

/** The outputs that a provider would give: the inputs, a name where the program leaves it open, a release's status. */
async function stateOf(resource: pulumi.runtime.MockResourceArgs): Promise<Properties> {
    const inputs = resource.inputs as Properties;
    if (resource.id) {
        return (await read(resource.type, resource.id)) ?? inputs;
    }
    if (resource.type === RELEASE_TYPE) {
        const name = inputs.name ?? resource.name;
        return { ...inputs, name, status: { name, namespace: inputs.namespace ?? "default", status: "deployed" } };
    }
    if (resource.type.startsWith("kubernetes:")) {
        return { ...inputs, metadata: { name: resource.name, ...(inputs.metadata as Properties | undefined) } };
    }
    return { name: resource.name, ...inputs };
}

/** Identifiers as the Kubernetes provider makes them: `namespace/name`, or `name` where there is no namespace. */
function idOf(resource: pulumi.runtime.MockResourceArgs): string {
    if (resource.id) {
        return resource.id;
    }
    const inputs = resource.inputs as Named & { metadata?: Named };
    const { namespace, name = resource.name } = resource.type === RELEASE_TYPE ? inputs : (inputs.metadata ?? {});
    return namespace === undefined ? name : `${namespace}/${name}`;
}

/** What the program says of itself is complete as it is; anything else needs its stack to be understood. */
function describe(error: unknown): string {
    return error instanceof Error && !isMeantForReaders(error) ? (error.stack ?? error.message) : messageOf(error);
}

function isMeantForReaders(error: Error): boolean {
    return pulumi.RunError.isInstance(error) || pulumi.ResourceError.isInstance(error);
}

/** Questions that wait for their answer. */
const questions = new Map<number, (found: Properties | undefined) => void>();

function read(type: string, id: string): Promise<Properties | undefined> {
    return new Promise((resolve) => {
        const ticket = questions.size;
        questions.set(ticket, resolve);
        send({ read: { type, id }, ticket });
    });
}

function send(message: FromEvaluation, then?: () => void): void {
    process.send?.(message, undefined, undefined, then);
}

function end(message: FromEvaluation): void {
    send(message, () => process.exit());
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
        end({ fault: describe(error) });
    });
}
process.on("message", (message: ToEvaluation) => {
    if ("ticket" in message) {
        questions.get(message.ticket)?.(message.found);
        return;
    }
    evaluate(message.request).then(
        (declaration) => {
            end({ declaration });
        },
        (error: unknown) => {
            end({ fault: describe(error) });
        },
    );
});
