/** The process in which `evaluateProgram` runs the program. It gets the request and sends the answer as messages. */
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ReadResourceRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { messageOf } from "../../shared/errors";
import { unwrapSecrets } from "../../shared/secrets";
import type { Declaration, DeclaredResource } from "./declaration";
import type { EvaluationRequest, FromEvaluation, ToEvaluation } from "./evaluate";
import { listenTo, type MonitorListener } from "./monitor";

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
                throw new Error(`${token} asks a provider, but there is no provider when the program is only rendered`);
            },
        },
        request.project,
        request.stack,
        false,
    );
    listenTo(pulumi.runtime.getMonitor(), listenerFor(declaration));

    // The engine's host loads the program in the same way.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    await pulumi.runtime.runInPulumiStack(() => require(path.join(request.folder, "index.ts")) as Promise<unknown>);
    await pulumi.runtime.disconnect();
    return declaration;
}

function listenerFor({ resources, outputs }: Declaration): MonitorListener {
    const add = (
        request: RegisterResourceRequest | ReadResourceRequest,
        properties: unknown,
        rest: Pick<DeclaredResource, "urn" | "custom" | "read" | "ignoreChanges">,
    ) => {
        const { value, secrets } = unwrapSecrets(properties);
        resources.push({
            type: request.getType(),
            name: request.getName(),
            parent: request.getParent() || undefined,
            dependencies: request.getDependenciesList(),
            inputs: value as Properties,
            secrets,
            ...rest,
        });
    };
    return {
        onRegister: (request, urn) => {
            const custom = request.getCustom();
            if (request.getType() !== STACK_TYPE) {
                // A component's inputs are arguments of a constructor, of any type, and are not deployed.
                const properties = custom ? request.getObject()?.toJavaScript() : {};
                add(request, properties, { urn, custom, read: false, ignoreChanges: request.getIgnorechangesList() });
            }
        },
        onRead: (request, urn) => {
            const properties = request.getProperties()?.toJavaScript();
            add(request, properties, { urn, custom: true, read: true, ignoreChanges: [] });
        },
        onOutputs: (request) => {
            if (request.getUrn().includes(`::${STACK_TYPE}::`)) {
                for (const [name, serialized] of Object.entries(request.getOutputs()?.toJavaScript() ?? {})) {
                    const { value, secrets } = unwrapSecrets(serialized);
                    outputs[name] = { value, secret: secrets.length > 0 };
                }
            }
        },
    };
}

/** The outputs that a provider would give: the inputs, a name if the program sets none, and a release's status. */
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

/** An id in the form of the Kubernetes provider: `namespace/name`, or `name` without a namespace. */
function idOf(resource: pulumi.runtime.MockResourceArgs): string {
    if (resource.id) {
        return resource.id;
    }
    const inputs = resource.inputs as Named & { metadata?: Named };
    const { namespace, name = resource.name } = resource.type === RELEASE_TYPE ? inputs : (inputs.metadata ?? {});
    return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The program's own errors are complete without a stack trace; any other error needs it. */
function describe(error: unknown): string {
    const isComplete: boolean = pulumi.RunError.isInstance(error) || pulumi.ResourceError.isInstance(error);
    return error instanceof Error && !isComplete ? (error.stack ?? error.message) : messageOf(error);
}

/** Reads that wait for their answer, by their ticket. */
const reads = new Map<number, (found: Properties | undefined) => void>();

function read(type: string, id: string): Promise<Properties | undefined> {
    return new Promise((resolve) => {
        const ticket = reads.size;
        reads.set(ticket, resolve);
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
        reads.get(message.ticket)?.(message.found);
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
