import * as path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registers it with the engine. */
export interface Registration {
    urn: string;
    type: string;
    name: string;
    custom: boolean;
    /** Only of a resource that is read. */
    id: string;
    /** Read by `get`, and owned by someone else. */
    read: boolean;
    parent: string;
    dependencies: string[];
    /** Reference to the provider, empty for the default one. */
    provider: string;
    deletedWith: string;
    protect: boolean;
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    /** Inputs as they go to the engine, secrets wrapped. */
    inputs: Record<string, unknown>;
}

export interface Run {
    resources: Registration[];
    /** What index.ts exports; undefined where the value is not known yet. */
    outputs: Record<string, { value: unknown; known: boolean; secret: boolean }>;
    /** The outputs that components registered, by the component's URN. */
    componentOutputs: Map<string, Record<string, unknown>>;
}

/** Config as a stack file has it, without the project's namespace. */
export type StackFile = Record<string, unknown>;

/** The kubeconfig that tests deploy to. Nothing listens there. */
export const KUBECONFIG = path.join(__dirname, "fixtures/kubeconfig.yaml");
export const CLUSTER = { kind: "kubeconfig", path: KUBECONFIG, context: "here" };

/** Address that the mock of the ingress gateway's Service has. */
export const ADDRESS = "203.0.113.7";

interface Options {
    /** A preview, in which the provider knows no outputs yet. */
    preview?: boolean;
    /** Top-level keys that were set as secrets. */
    secretKeys?: string[];
    /** What the load balancer has, instead of `ADDRESS`. */
    ingress?: object;
    /** Gets each registration the moment it is made, also if the program fails later. */
    onRegister?: (registration: Registration) => void;
}

/**
 * Runs index.ts from a clean slate on Pulumi's test monitor.
 *
 * Unlike Pulumi's mocks, which show inputs only, this listens to what is sent to the monitor: dependencies, provider and
 * the other resource options.
 */
export async function runProgram(stackFile: StackFile, options: Options = {}): Promise<Run> {
    // The program's own modules anew; the SDKs once, for they are large.
    jest.resetModules();
    jest.doMock("@pulumi/pulumi", () => pulumi);
    jest.doMock("@pulumi/kubernetes", () => KUBERNETES);
    const { runtime } = pulumi;
    const config = Object.entries(stackFile).map(([key, value]) => [`bookinfo-mesh:${key}`, JSON.stringify(value)]);
    runtime.setAllConfig(
        Object.fromEntries(config) as Record<string, string>,
        options.secretKeys?.map((key) => `bookinfo-mesh:${key}`),
    );
    await runtime.setMocks(mocks(options), "bookinfo-mesh", "test", options.preview);
    const run: Run = { resources: [], outputs: {}, componentOutputs: new Map() };
    listen(runtime.getMonitor() as unknown as Monitor, run, options);

    const exported = jest.requireActual<Record<string, OutputInternals>>("../../index");
    await runtime.disconnect();
    for (const [name, output] of Object.entries(exported)) {
        run.outputs[name] = {
            value: await output.promise(),
            known: await output.isKnown,
            secret: await output.isSecret,
        };
    }
    return run;
}

/** The SDK loads its parts at each use, anew after each reset; this keeps what was loaded once. */
const KUBERNETES = loadedOnce(k8s);

function loadedOnce<T extends object>(module: T): T {
    const loaded = new Map<PropertyKey, unknown>();
    const get = (target: T, key: PropertyKey) => {
        if (!loaded.has(key)) {
            const part: unknown = Reflect.get(target, key);
            loaded.set(key, typeof part === "object" && part !== null ? loadedOnce(part) : part);
        }
        return loaded.get(key);
    };
    return new Proxy(module, { get });
}

/** All that a resource depends on, directly or not, by its own edges and those of its parents. */
export function closure(run: Run, urn: string, seen = new Set<string>()): Set<string> {
    const resource = run.resources.find((resource) => resource.urn === urn);
    for (const next of [resource?.parent, ...(resource?.dependencies ?? [])]) {
        if (next && !seen.has(next)) {
            seen.add(next);
            closure(run, next, seen);
        }
    }
    return seen;
}

/** What a provider would answer. */
function mocks({ preview, ingress = { ip: ADDRESS } }: Options): pulumi.runtime.Mocks {
    return {
        call: ({ token }) => {
            throw new Error(`the program calls ${token}`);
        },
        newResource: ({ type, name, inputs, id }) => {
            const state = inputs as Record<string, unknown>;
            if (preview) {
                return { id: undefined, state: {} };
            }
            switch (type) {
                case "kubernetes:helm.sh/v3:Release":
                    return { id: name, state: { ...state, status: { name: state.name, namespace: state.namespace } } };
                case "kubernetes:core/v1:Service":
                    return { id: id ?? name, state: { ...state, status: { loadBalancer: { ingress: [ingress] } } } };
                default:
                    return { id: name, state };
            }
        },
    };
}

function listen(monitor: Monitor, run: Run, { onRegister }: Options): void {
    const note = (request: Request, response: { getUrn(): string }, read: boolean) => {
        const registration: Registration = {
            urn: response.getUrn(),
            type: request.getType(),
            name: request.getName(),
            custom: read || request.getCustom(),
            read,
            id: read ? request.getId() : "",
            parent: request.getParent(),
            dependencies: request.getDependenciesList(),
            provider: request.getProvider(),
            deletedWith: read ? "" : request.getDeletedwith(),
            protect: !read && request.getProtect(),
            retainOnDelete: !read && request.getRetainondelete(),
            deleteBeforeReplace: !read && request.getDeletebeforereplace(),
            inputs: (read ? request.getProperties() : request.getObject()).toJavaScript(),
        };
        run.resources.push(registration);
        onRegister?.(registration);
    };
    for (const method of ["registerResource", "readResource"] as const) {
        const original = monitor[method].bind(monitor);
        monitor[method] = (request, callback) => {
            original(request, (error, response) => {
                if (!error) {
                    note(request, response, method === "readResource");
                }
                callback(error, response);
            });
        };
    }
    const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
    monitor.registerResourceOutputs = (request, callback) => {
        run.componentOutputs.set(request.getUrn(), request.getOutputs().toJavaScript());
        registerOutputs(request, callback);
    };
}

// The parts of the monitor's protocol that are listened to; the SDK does not export their types.
interface Properties {
    toJavaScript(): Record<string, unknown>;
}
interface Request {
    getType(): string;
    getId(): string;
    getName(): string;
    getCustom(): boolean;
    getParent(): string;
    getDependenciesList(): string[];
    getProvider(): string;
    getDeletedwith(): string;
    getProtect(): boolean;
    getRetainondelete(): boolean;
    getDeletebeforereplace(): boolean;
    getObject(): Properties;
    getProperties(): Properties;
}
type Callback = (error: unknown, response: { getUrn(): string }) => void;
interface Monitor {
    registerResource(request: Request, callback: Callback): void;
    readResource(request: Request, callback: Callback): void;
    registerResourceOutputs(request: { getUrn(): string; getOutputs(): Properties }, callback: unknown): void;
}
interface OutputInternals {
    isKnown: Promise<boolean>;
    isSecret: Promise<boolean>;
    promise(): Promise<unknown>;
}
