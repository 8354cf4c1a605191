import type { Duplex } from "node:stream";
import type { ClusterApi, ProxiedServer } from "../api";
import { ApiError } from "../apiError";
import type { Container } from "../exec";
import { displayName, type KubernetesObject } from "../object";
import type { HttpAnswer } from "../transport";

/** The answer of a server in the cluster to a path; an ApiError if the API server does not reach it. */
export type Answering = (server: ProxiedServer, path: string) => HttpAnswer | ApiError;

/** The attributes of a SelfSubjectAccessReview. */
export interface AccessAttributes {
    group: string;
    resource: string;
    subresource?: string;
    verb: string;
    namespace?: string;
}

/** A cluster of objects, for code that only reads it. Selectors work as in the API server. */
export class FakeCluster {
    objects: KubernetesObject[] = [];
    /** Gives its identity, or fails as the first request. */
    identity: () => Promise<string> = () => Promise.resolve("its-uid");
    /** Whether the user has a permission; default: all permissions. */
    allows: (attributes: AccessAttributes) => boolean = () => true;
    /** The log of a container's run, or of the one before; an ApiError if there is none. Default: none. */
    log: (pod: string, container: string, previous: boolean) => string | ApiError = (pod, container) =>
        new ApiError(400, `previous terminated container "${container}" in pod "${pod}" not found`);
    /** What the API server says at paths such as `/version`. */
    facts: Readonly<Record<string, unknown>> = { "/version": { gitVersion: "v1.34.1" }, "/apis": { groups: [] } };
    /** The admission of an object that is only tried (dry run): an error refuses it. Default: everything is accepted. */
    admit: (object: KubernetesObject) => ApiError | undefined = () => undefined;
    /** What was asked for, in the order of the requests. */
    readonly requests: string[] = [];
    answer: Answering = ({ name }) => new ApiError(503, `no endpoints available for service "${name}"`);
    /** The output of a command in a container, or why there is none. Default: the user may not run any. */
    run: (container: Container, command: readonly string[]) => string | Error = ({ namespace, name }) =>
        new ApiError(403, `${namespace}/${name} cannot be reached: Unexpected server response: 403`);
    /** A connection to a port of a pod; default: the API server opens none. */
    connect: (pod: { namespace: string; name: string }, port: number) => Promise<Duplex> = ({ namespace, name }) =>
        Promise.reject(new ApiError(0, `${namespace}/${name} cannot be reached`));

    get api(): ClusterApi {
        const api: Partial<ClusterApi> = {
            read: (reference) => {
                this.requests.push(`read ${displayName(reference)}`);
                const { apiVersion, kind, metadata } = reference;
                return Promise.resolve(
                    this.objects.find(
                        (object) =>
                            object.apiVersion === apiVersion &&
                            object.kind === kind &&
                            object.metadata.name === metadata.name &&
                            object.metadata.namespace === metadata.namespace,
                    ),
                );
            },
            list: (apiVersion, kind, query = {}) => Promise.resolve(this.list(apiVersion, kind, query)),
            listMetadata: (apiVersion, kind, query) => Promise.resolve(this.list(apiVersion, kind, query)),
            ask: <T>(path: string) => {
                this.requests.push(`ask ${path}`);
                return Promise.resolve(this.facts[path] as T | undefined);
            },
            apply: (object, { dryRun }) => {
                this.requests.push(`${dryRun ? "try" : "apply"} ${displayName(object)}`);
                const refused = dryRun ? this.admit(object) : new ApiError(405, "this cluster is only read");
                return refused ? Promise.reject(refused) : Promise.resolve(object);
            },
            address: { kubeconfig: "/k", context: "mine" },
            kubectl: "kubectl --kubeconfig /k --context mine",
            kubeconfig: "current-context: mine\n",
            server: "https://192.0.2.1:6443",
            identity: () => this.identity(),
            review: <Status>(_version: string, kind: string, _resource: string, spec = {}) => {
                this.requests.push(`review ${kind}`);
                const { resourceAttributes } = spec as { resourceAttributes: AccessAttributes };
                const status =
                    kind === "SelfSubjectReview"
                        ? { userInfo: { username: "system:serviceaccount:team:limited" } }
                        : { allowed: this.allows(resourceAttributes) };
                return Promise.resolve(status as Status);
            },
            log: ({ name }, container, { previous, lines }) => {
                const log = this.log(name, container, previous);
                return log instanceof ApiError
                    ? Promise.reject(log)
                    : Promise.resolve(log.split("\n").slice(-lines).join("\n"));
            },
            connectToPod: (pod, port) => this.connect(pod, port),
            run: (container, command) => {
                const output = this.run(container, command);
                return output instanceof Error ? Promise.reject(output) : Promise.resolve(output);
            },
            getByProxy: (server, path) => {
                const answer = this.answer(server, path);
                return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
            },
        };
        return api as ClusterApi;
    }

    /** The object of a kind and name; tests may change it. */
    find(kind: string, name: string): KubernetesObject {
        const found = this.objects.find((object) => object.kind === kind && object.metadata.name === name);
        if (!found) {
            throw new Error(`no ${kind} ${name}`);
        }
        return found;
    }

    remove(kind: string, name: string): void {
        const removed = this.find(kind, name);
        this.objects = this.objects.filter((object) => object !== removed);
    }

    private list(apiVersion: string, kind: string, query: Record<string, string>): KubernetesObject[] {
        this.requests.push(["list", kind, ...Object.values(query)].join(" "));
        // Two kinds of requirements: `key=value` and `key in (value,value)`.
        const requirements = (selector = "") =>
            [...selector.matchAll(/([^,=\s]+)(?:=([^,]*)| in \(([^)]*)\))/g)].map(([, key = "", value, values]) => ({
                key,
                values: values?.split(",") ?? [value],
            }));
        return this.objects.filter(
            (object) =>
                object.apiVersion === apiVersion &&
                object.kind === kind &&
                (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
                requirements(query.labelSelector).every(({ key, values }) =>
                    values.includes(object.metadata.labels?.[key]),
                ) &&
                requirements(query.fieldSelector).every(({ key, values }) =>
                    values.includes(object.metadata[key.replace("metadata.", "")] as string),
                ),
        );
    }
}

/** A pod with containers that are ready or not. */
export function pod(
    namespace: string,
    name: string,
    labels: Record<string, string>,
    containers: Record<string, boolean>,
): KubernetesObject {
    const ready = Object.values(containers).every(Boolean);
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace, labels },
        spec: { containers: Object.keys(containers).map((each) => ({ name: each })) },
        status: {
            phase: "Running",
            conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
            containerStatuses: Object.entries(containers).map(([each, isReady]) => ({ name: each, ready: isReady })),
        },
    };
}

/** A Deployment with an available replica. */
export function deployment(namespace: string, name: string): KubernetesObject {
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace, generation: 1, labels: { app: name } },
        spec: { replicas: 1 },
        status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    };
}
