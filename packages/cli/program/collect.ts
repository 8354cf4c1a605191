/** Runs a program on Pulumi's test monitor, in this process, and collects what it declares. */
import * as pulumi from "@pulumi/pulumi";
import type { Declaration } from "./declaration";
import type { EvaluationRequest } from "./evaluate";
import { listenToMonitor, type Registration } from "./monitor";
import { unwrapSecrets } from "../../shared/secrets";

/** Pulumi's type of the root resource, whose outputs are the program's exports. */
const STACK_TYPE = "pulumi:pulumi:Stack";
const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";
const SERVICE_TYPE = "kubernetes:core/v1:Service";

/**
 * The address of a load balancer that does not exist yet. Without any, Pulumi would warn about undefined outputs. Those that
 * follow from it are left out. The name never resolves (RFC 6761).
 */
const NO_ADDRESS = "load-balancer.invalid";

type Properties = Record<string, unknown>;

interface Named {
    namespace?: string;
    name?: string;
}

/**
 * What a program declares. Pulumi's settings are global, so one program runs at a time.
 * @param run runs the program, and returns its exports
 */
export async function collectDeclaration(
    { project, stack, config }: Omit<EvaluationRequest, "folder">,
    run: () => unknown,
): Promise<Declaration> {
    const declaration: Declaration = { resources: [], outputs: {} };
    pulumi.runtime.setAllConfig(config);
    await pulumi.runtime.setMocks(
        {
            newResource: (resource) => ({ id: idOf(resource), state: stateOf(resource) }),
            call: ({ token }) => {
                throw new Error(`${token} asks a provider, but rendering uses none`);
            },
        },
        project,
        stack,
        false,
    );
    listenToMonitor(
        (registration) => {
            noteResource(declaration, registration);
        },
        (urn, outputs) => {
            noteOutputs(declaration, urn, outputs);
        },
    );

    await pulumi.runtime.runInPulumiStack(() => run() as Promise<unknown>);
    await pulumi.runtime.disconnect();
    return declaration;
}

function noteResource({ resources }: Declaration, { parent, inputs, ...rest }: Registration): void {
    if (rest.type === STACK_TYPE) {
        return;
    }
    // A component's inputs are the arguments of its constructor. They are not deployed.
    const { value, secrets } = unwrapSecrets(rest.custom ? inputs : {});
    resources.push({ ...rest, parent: parent || undefined, inputs: value as Properties, secrets });
}

function noteOutputs(declaration: Declaration, urn: string, outputs: Properties): void {
    if (!urn.includes(`::${STACK_TYPE}::`)) {
        return;
    }
    for (const [name, serialized] of Object.entries(outputs)) {
        const { value, secrets } = unwrapSecrets(serialized);
        if (typeof value !== "string" || !value.includes(NO_ADDRESS)) {
            declaration.outputs[name] = { value, secret: secrets.length > 0 };
        }
    }
}

/** What a provider would give beside the inputs: a name if the program sets none, and the status of some kinds. */
function stateOf(resource: pulumi.runtime.MockResourceArgs): Properties {
    const inputs = resource.inputs as Properties;
    const name = inputs.name ?? resource.name;
    if (resource.id) {
        const status = { loadBalancer: { ingress: [{ hostname: NO_ADDRESS }] } };
        return resource.type === SERVICE_TYPE ? { status } : {};
    }
    if (resource.type === RELEASE_TYPE) {
        return { name, status: { name, namespace: inputs.namespace ?? "default", status: "deployed" } };
    }
    if (resource.type.startsWith("kubernetes:")) {
        return { metadata: { name: resource.name, ...(inputs.metadata as Properties | undefined) } };
    }
    return { name };
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
