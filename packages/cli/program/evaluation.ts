/** The process in which `evaluateProgram` runs the program. It gets the request and sends the answer as messages. */
import "../../compile/deferPackages";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { load } from "../../compile/compiled";
import { mapStackTraces } from "../../compile/stackTrace";
import { messageOf } from "../../shared/errors";
import type { Declaration } from "./declaration";
import type { Evaluation, EvaluationRequest } from "./evaluate";
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

const declaration: Declaration = { resources: [], outputs: {} };

async function evaluate(request: EvaluationRequest): Promise<void> {
    pulumi.runtime.setAllConfig(request.config);
    await pulumi.runtime.setMocks(
        {
            newResource: (resource) => ({ id: idOf(resource), state: stateOf(resource) }),
            call: ({ token }) => {
                throw new Error(`${token} asks a provider, but rendering uses none`);
            },
        },
        request.project,
        request.stack,
        false,
    );
    listenToMonitor(noteResource, noteOutputs);

    const program = path.join(request.folder, "index.ts");
    await pulumi.runtime.runInPulumiStack(() => load(program) as Promise<unknown>);
    await pulumi.runtime.disconnect();
    end({ declaration });
}

function noteResource({ parent, inputs, ...rest }: Registration): void {
    if (rest.type === STACK_TYPE) {
        return;
    }
    // A component's inputs are the arguments of its constructor. They are not deployed.
    const { value, secrets } = unwrapSecrets(rest.custom ? inputs : {});
    declaration.resources.push({ ...rest, parent: parent || undefined, inputs: value as Properties, secrets });
}

function noteOutputs(urn: string, outputs: Properties): void {
    if (!urn.includes(`::${STACK_TYPE}::`)) {
        return;
    }
    for (const [name, serialized] of Object.entries(outputs)) {
        const { value, secrets } = unwrapSecrets(serialized);
        declaration.outputs[name] = { value, secret: secrets.length > 0 };
    }
}

/** The outputs that a provider would give: the inputs, a name if the program sets none, and a release's status. */
function stateOf(resource: pulumi.runtime.MockResourceArgs): Properties {
    const inputs = resource.inputs as Properties;
    if (resource.id) {
        return inputs;
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

/** Ids as the Kubernetes provider gives them: `namespace/name`, or `name` without a namespace. */
function idOf(resource: pulumi.runtime.MockResourceArgs): string {
    if (resource.id) {
        return resource.id;
    }
    const inputs = resource.inputs as Named & { metadata?: Named };
    const { namespace, name = resource.name } = resource.type === RELEASE_TYPE ? inputs : (inputs.metadata ?? {});
    return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Errors of the program are complete sentences; any other error needs its stack trace. */
function describe(error: unknown): string {
    mapStackTraces();
    const isComplete: boolean = pulumi.RunError.isInstance(error) || pulumi.ResourceError.isInstance(error);
    return error instanceof Error && !isComplete ? (error.stack ?? error.message) : messageOf(error);
}

function end(message: Evaluation): void {
    process.send?.(message, undefined, undefined, () => process.exit());
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
        end({ fault: describe(error) });
    });
}
// An error of the evaluation is an unhandled rejection too.
process.once("message", (request: EvaluationRequest) => void evaluate(request));
