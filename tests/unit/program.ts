import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type * as Grafana from "../../components/addons/grafana/dashboards/dashboards";
import { SWITCHES } from "../../components/names";
import { listenToMonitor, type Registration as Registered } from "../../packages/cli/program/monitor";
import type * as Bundle from "../../packages/servicegraph/bundle";
import { once } from "./once";

// These files take a while, so they are created once.
jest.mock("../../packages/servicegraph/bundle", () => {
    const bundle = jest.requireActual<typeof Bundle>("../../packages/servicegraph/bundle");
    const files = once(bundle.serverFiles);
    return { ...bundle, serverFiles: files };
});
jest.mock("../../components/addons/grafana/dashboards/dashboards", () => {
    const grafana = jest.requireActual<typeof Grafana>("../../components/addons/grafana/dashboards/dashboards");
    return { ...grafana, dashboards: once(grafana.dashboards) };
});

/** A resource as the program registers it with the engine. */
export interface Registration extends Registered {
    /** Only of a resource that is read. */
    id: string;
    /** Reference to the provider, empty for the default one. */
    provider: string;
    deletedWith: string;
    protect: boolean;
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    replaceOnChanges: string[];
    /** As the program sets them, such as `30m`; empty for the provider's. */
    timeouts: { create: string; update: string; delete: string };
}

export interface Run {
    resources: Registration[];
    /** The exports of index.ts. The value is undefined while it is unknown. */
    outputs: Record<string, { value: unknown; known: boolean; secret: boolean }>;
    /** The registered outputs of components, by URN. */
    componentOutputs: Map<string, Record<string, unknown>>;
}

/** Config as in a stack file: keys without a namespace are the project's. */
export type StackFile = Record<string, unknown>;

/** The kubeconfig that tests deploy to. Nothing listens there. */
export const KUBECONFIG = path.join(__dirname, "fixtures/kubeconfig.yaml");
export const CLUSTER = { kind: "kubeconfig", path: KUBECONFIG, context: "here" };

/** Settings of `istio` for runs that are not about add-ons: these are most of what a run costs. */
export const NO_ADDONS = Object.fromEntries(Object.values(SWITCHES).map((section) => [section, { enabled: false }]));

/** The config of a stack on Google Cloud, with additional keys of the section `cluster`. */
export function onGoogle(cluster: object = {}): StackFile {
    return { "gcp:project": "bookinfo-test", cluster: { kind: "gke", ...cluster } };
}

/** What Google adds to the resources of `onGoogle`. */
export const GOOGLE = {
    clusterName: "cluster-1a2b3c4",
    endpoint: "192.0.2.1",
    dnsEndpoint: "gke-1a2b3c4-1.us-central1-a.gke.goog",
    caCertificate: "Q0E=",
    account: "cluster-nodes-1a2b3c4@bookinfo-test.iam.gserviceaccount.com",
    address: "203.0.113.20",
};

/** Address of the ingress gateway's mocked Service. */
export const ADDRESS = "203.0.113.7";

interface Options {
    /** Whether it is a preview, in which outputs are unknown. */
    preview?: boolean;
    /** Top-level keys that are set as secrets. */
    secretKeys?: string[];
    /** The load balancer's address, instead of `ADDRESS`. */
    ingress?: object;
    /** Gets each registration immediately, so also if the program fails later. */
    onRegister?: (registration: Registration) => void;
}

const RUNS = Symbol.for("bookinfo-mesh: runs of the program");
/** By config and options. All test files of a process share them, so nothing may change a run. */
const runs = ((globalThis as { [RUNS]?: Map<string, Promise<Run>> })[RUNS] ??= new Map<string, Promise<Run>>());

/** Runs index.ts on Pulumi's test monitor, once for each config. */
export function runProgram(stackFile: StackFile, options: Options = {}): Promise<Run> {
    if (options.onRegister) {
        return evaluate(stackFile, options);
    }
    const key = JSON.stringify([stackFile, options]);
    const run = runs.get(key) ?? evaluate(stackFile, options);
    runs.set(key, run);
    return run;
}

async function evaluate(stackFile: StackFile, options: Options): Promise<Run> {
    const { runtime } = pulumi;
    const config = Object.entries(stackFile).map(([key, value]) =>
        key.includes(":") ? [key, value] : [`bookinfo-mesh:${key}`, JSON.stringify(value)],
    );
    runtime.setAllConfig(
        Object.fromEntries(config) as Record<string, string>,
        options.secretKeys?.map((key) => `bookinfo-mesh:${key}`),
    );
    await runtime.setMocks(mocks(options), "bookinfo-mesh", "test", options.preview);
    const run: Run = { resources: [], outputs: {}, componentOutputs: new Map() };
    listenToMonitor(
        (registered, request) => {
            const registration = optionsOf(registered, request as unknown as OptionsRequest);
            run.resources.push(registration);
            options.onRegister?.(registration);
        },
        (urn, outputs) => run.componentOutputs.set(urn, outputs),
    );

    const exported = await withoutStackTraces(async () => {
        const program = loadProgram();
        await runtime.disconnect();
        return program;
    });
    for (const [name, value] of Object.entries(exported)) {
        const output = pulumi.output(value) as unknown as OutputInternals;
        run.outputs[name] = {
            value: await output.promise(),
            known: await output.isKnown,
            secret: await output.isSecret,
        };
    }
    return run;
}

/** Runs index.ts, each time again: runtime.cjs keeps only the modules that it imports. @returns its exports */
export function loadProgram(): Record<string, unknown> {
    return jest.requireActual("../../index");
}

/** The SDK records a stack trace for each promise and resource. With jest, which maps them to the sources, this takes half of the time. */
export async function withoutStackTraces<T>(work: () => Promise<T>): Promise<T> {
    const settings = { ...Error };
    Object.assign(Error, { stackTraceLimit: 0, prepareStackTrace: undefined });
    // For resources the SDK sets a limit itself. In Pulumi's host, it records no traces either: host.js.
    Object.assign(pulumi.Resource, { stackTrace: () => [] });
    try {
        return await work();
    } finally {
        Object.assign(Error, settings);
    }
}

/** URNs of everything that a resource depends on, directly or not, itself or by its parents. */
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

/** The resources that a resource depends on, directly or not. */
export function waitedFor(run: Run, urn: string): Registration[] {
    const urns = closure(run, urn);
    return run.resources.filter((resource) => urns.has(resource.urn));
}

export function ofType(run: Run, type: RegExp): Registration[] {
    return run.resources.filter((resource) => type.test(resource.type));
}

/** The one resource of a type and name. */
export function find(run: Run, type: string, name: string): Registration {
    const found = run.resources.filter((resource) => resource.type === type && resource.name === name);
    if (found.length !== 1) {
        throw new Error(`${String(found.length)} resources ${type} ${name}`);
    }
    return found[0] as Registration;
}

/** What the CRDs are marked with that a stack installs. */
export const MARK = "its-mark";

/** What providers would return. */
function mocks({ preview, ingress = { ip: ADDRESS } }: Options): pulumi.runtime.Mocks {
    return {
        call: ({ token }) => {
            throw new Error(`the program calls ${token}`);
        },
        // The SDK takes what is missing here from the inputs.
        newResource: ({ type, name, inputs, id }) => {
            const { name: releaseName, namespace, location } = inputs as Record<string, unknown>;
            if (preview) {
                return { id: undefined, state: {} };
            }
            switch (type) {
                case "kubernetes:helm.sh/v3:Release":
                    return { id: name, state: { status: { name: releaseName, namespace } } };
                case "kubernetes:core/v1:Service":
                    return { id: id ?? name, state: { status: { loadBalancer: { ingress: [ingress] } } } };
                case "bookinfo-mesh:istio:Leftovers":
                    return { id: name, state: { mark: MARK } };
                case "gcp:container/cluster:Cluster":
                    return {
                        id: `projects/bookinfo-test/locations/${String(location)}/clusters/${GOOGLE.clusterName}`,
                        state: {
                            name: GOOGLE.clusterName,
                            endpoint: GOOGLE.endpoint,
                            controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: GOOGLE.dnsEndpoint } },
                            masterAuth: { clusterCaCertificate: GOOGLE.caCertificate },
                        },
                    };
                case "gcp:serviceaccount/account:Account":
                    return { id: name, state: { email: GOOGLE.account, member: `serviceAccount:${GOOGLE.account}` } };
                case "gcp:compute/address:Address":
                    return { id: name, state: { address: GOOGLE.address } };
                default:
                    return { id: name, state: type.startsWith("gcp:") ? { name } : {} };
            }
        },
    };
}

/** The options of a resource that only tests look at. */
function optionsOf(registered: Registered, request: OptionsRequest): Registration {
    if (registered.read) {
        return { ...registered, ...NO_OPTIONS, id: request.getId(), provider: request.getProvider() };
    }
    const timeouts = request.getCustomtimeouts();
    return {
        ...registered,
        id: "",
        provider: request.getProvider(),
        deletedWith: request.getDeletedwith(),
        protect: request.getProtect(),
        retainOnDelete: request.getRetainondelete(),
        deleteBeforeReplace: request.getDeletebeforereplace(),
        replaceOnChanges: request.getReplaceonchangesList(),
        timeouts: timeouts
            ? { create: timeouts.getCreate(), update: timeouts.getUpdate(), delete: timeouts.getDelete() }
            : NO_OPTIONS.timeouts,
    };
}

const NO_OPTIONS = {
    deletedWith: "",
    protect: false,
    retainOnDelete: false,
    deleteBeforeReplace: false,
    replaceOnChanges: [],
    timeouts: { create: "", update: "", delete: "" },
};

// The SDK does not export these types.
interface OptionsRequest {
    getId(): string;
    getProvider(): string;
    getDeletedwith(): string;
    getProtect(): boolean;
    getRetainondelete(): boolean;
    getDeletebeforereplace(): boolean;
    getReplaceonchangesList(): string[];
    getCustomtimeouts(): { getCreate(): string; getUpdate(): string; getDelete(): string } | undefined;
}
interface OutputInternals {
    isKnown: Promise<boolean>;
    isSecret: Promise<boolean>;
    promise(): Promise<unknown>;
}
