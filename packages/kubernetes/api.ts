import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import type { KubeConfig, User } from "@kubernetes/client-node";
import { stringify } from "yaml";
import { UserError } from "../shared/errors";
import { shownProxy } from "../shared/proxy";
import {
    type Kubeconfig,
    KubeconfigError,
    parseKubeconfig,
    readKubeconfig,
    reduceToContext,
} from "../shared/kubeconfig";
import { type ClusterAddress, kubectlOn } from "./address";
import { ApiError, unlessMissing } from "./apiError";
import { contactFailure } from "./contact";
import type * as Client from "./client";
import { Discovery, groupPath } from "./discovery";
import { type Container, runIn } from "./exec";
import { impersonateFully, libraryConfig, NOBODY } from "./libraryConfig";
import type { KubernetesObject, ObjectReference } from "./object";
import { connectToPod } from "./portForward";
import { type HttpAnswer, statusOf, Transport } from "./transport";

/** The field manager by which server-side apply remembers the fields that these commands set. */
export const FIELD_MANAGER = "bookinfo-mesh";

/** Longest time for the first answer, which only shows whether the API server is there, in milliseconds. */
const CONTACT_TIMEOUT = 15_000;

/** Longest time for a container's log, in milliseconds, and its longest answer, in bytes: it is only an explanation. */
const LOG_TIMEOUT = 5000;
const LOG_LIMIT = 65_536;

/** A server in the cluster that the API server's proxy reaches: a Service or a pod. */
export interface ProxiedServer {
    kind: "services" | "pods";
    namespace: string;
    name: string;
    port: number;
}

interface ApplyOptions {
    force: boolean;
    fieldManager?: string;
    dryRun?: boolean;
}

/**
 * The API server of a cluster, for objects of any kind, as plain JSON: the client library's typed classes drop unknown
 * fields.
 */
export class ClusterApi {
    private readonly transport: Transport;
    private readonly discovery: Discovery;

    /** The start of a kubectl command for this cluster, without the verb. */
    readonly kubectl: string;

    private constructor(
        private readonly config: KubeConfig,
        readonly address: ClusterAddress,
        /** URL of the API server. */
        readonly server: string,
        /** The kubeconfig of the context alone, as YAML. It has credentials. */
        readonly kubeconfig: string,
    ) {
        this.kubectl = kubectlOn(address);
        this.transport = new Transport(config, server);
        this.discovery = new Discovery(this.transport);
    }

    /**
     * @param source the kubeconfig, or its content; default: the address's file is read
     * @throws UserError if the kubeconfig cannot be used, or the context or its cluster is missing
     */
    // Asynchronous, so that all errors of a connection are rejections.
    // eslint-disable-next-line @typescript-eslint/require-await
    static async connect(address: ClusterAddress, source?: string | Kubeconfig): Promise<ClusterApi> {
        const { KubeConfig } = require("./client") as typeof Client;
        const config = new KubeConfig();
        const { kubeconfig: file, context } = address;
        let own: string;
        try {
            const kubeconfig = typeof source === "string" ? parseKubeconfig(source) : (source ?? readKubeconfig(file));
            const reduced = reduceToContext(kubeconfig, context, dirname(file));
            config.loadFromString(JSON.stringify(libraryConfig(reduced)));
            impersonateFully(config, reduced);
            own = stringify(reduced);
        } catch (error) {
            // Messages of the library may quote a credential.
            const reason = error instanceof KubeconfigError ? error.message : "the file is not a kubeconfig";
            throw new UserError(`the context "${context}" of the kubeconfig ${file} cannot be used: ${reason}`);
        }
        const server = config.getCurrentCluster()?.server ?? "";
        if (!/^https?:\/\//.test(server) || !URL.canParse(server)) {
            throw new UserError(
                `the kubeconfig ${file} has the server "${server}" for context "${context}"; ` +
                    "it must be a URL, such as https://203.0.113.7:6443",
            );
        }
        return new ClusterApi(config, address, server, own);
    }

    /** The credentials of the kubeconfig's context; undefined if it names no user. */
    get user(): User | undefined {
        const user = this.config.getCurrentUser();
        return user && user.name !== NOBODY ? user : undefined;
    }

    /** The proxy through which the API server is asked, without its credentials; undefined if there is none. */
    get proxy(): string | undefined {
        const { proxyUrl = "" } = this.config.getCurrentCluster() ?? {};
        return URL.canParse(proxyUrl) ? shownProxy(new URL(proxyUrl)) : undefined;
    }

    /**
     * Server-side apply: creates the object, or sets the fields given and no others.
     * @param options.fieldManager the field manager that owns the fields; default: `FIELD_MANAGER`
     * @param options.dryRun only asks whether the API server would accept it, with all its admission; nothing is changed
     */
    async apply(
        object: KubernetesObject,
        { force, fieldManager = FIELD_MANAGER, dryRun = false }: ApplyOptions,
    ): Promise<KubernetesObject> {
        const query = `fieldManager=${fieldManager}&force=${String(force)}${dryRun ? "&dryRun=All" : ""}`;
        const path = `${await this.discovery.pathOf(object)}?${query}`;
        const contentType = "application/apply-patch+yaml";
        return this.transport.request("PATCH", path, { body: object, contentType });
    }

    /** The live object; undefined if it does not exist, or the cluster does not know its kind. */
    async read(reference: ObjectReference): Promise<KubernetesObject | undefined> {
        return unlessMissing(async () => this.transport.request("GET", await this.discovery.pathOf(reference)));
    }

    /** What the API server says of itself at a path, such as `/version`; undefined if there is nothing, or it may not be read. */
    async ask<T>(path: string): Promise<T | undefined> {
        return unlessMissing(async () => this.transport.request<T>("GET", path)).catch((error: unknown) => {
            if (error instanceof ApiError && [401, 403].includes(error.status)) {
                return undefined;
            }
            throw error;
        });
    }

    /** Starts the deletion of an object, if it exists. A Deployment is gone after its pods are gone. */
    async delete(reference: ObjectReference): Promise<void> {
        // Foreground deletion of Istio's objects would wait for the garbage collector, which finds new kinds only every 30 s.
        const options = { propagationPolicy: reference.kind === "Deployment" ? "Foreground" : "Background" };
        await unlessMissing(async () =>
            this.transport.request("DELETE", await this.discovery.pathOf(reference), { body: options }),
        );
    }

    /**
     * The objects of a kind in all namespaces, each with its apiVersion and kind; empty if the cluster does not know the kind.
     * @param query selectors, such as `{fieldSelector: "metadata.name=x"}`, and `namespace` for those of one namespace alone
     */
    async list(apiVersion: string, kind: string, query: Record<string, string> = {}): Promise<KubernetesObject[]> {
        const items = await unlessMissing(() => this.itemsOf(apiVersion, kind, query));
        return (items ?? []).map((item) => ({ ...item, apiVersion, kind }));
    }

    /**
     * The UID of the namespace kube-system, which identifies this cluster. It is the first request to a cluster, so it shows
     * all problems of the connection.
     * @throws UserError with the reason and a remedy, at the latest after `CONTACT_TIMEOUT`; its `cause` is the ApiError
     * @throws ApiError of status 403, because missing permissions have another remedy
     */
    async identity(): Promise<string> {
        const path = "/api/v1/namespaces/kube-system";
        try {
            const { metadata } = await this.transport.request<KubernetesObject>("GET", path, {
                timeout: CONTACT_TIMEOUT,
            });
            return metadata.uid ?? "";
        } catch (error) {
            throw error instanceof ApiError && error.status !== 403
                ? new UserError(contactFailure(error, this), { cause: error })
                : error;
        }
    }

    /**
     * Creates an object that asks a question, such as a SelfSubjectAccessReview, and returns its status.
     * @param resource plural name of its kind
     */
    async review<Status>(apiVersion: string, kind: string, resource: string, spec: object = {}): Promise<Status> {
        const body = { apiVersion, kind, spec };
        const path = `${groupPath(apiVersion)}/${resource}`;
        return (await this.transport.request<{ status: Status }>("POST", path, { body })).status;
    }

    /**
     * The labels and other metadata of the objects of a kind in all namespaces, without their content.
     * @param query selectors, as for `list`
     */
    async listMetadata(apiVersion: string, kind: string, query: Record<string, string>): Promise<KubernetesObject[]> {
        const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        return this.itemsOf(apiVersion, kind, query, accept);
    }

    /**
     * Sends a GET request to an HTTP server in the cluster, through the API server. It needs only the kubeconfig.
     * @param headers for that server, in addition to the usual ones
     * @throws ApiError if the API server does not reach the server, or refuses to
     */
    async getByProxy(
        server: ProxiedServer,
        path: string,
        stop?: AbortSignal,
        headers?: Record<string, string>,
    ): Promise<HttpAnswer> {
        const { kind, namespace, name, port } = server;
        const proxy = `/api/v1/namespaces/${namespace}/${kind}/${name}:${port}/proxy`;
        const answer = await this.transport.send("GET", `${proxy}${path}`, { accept: "*/*", stop, headers });
        // A Status comes from the API server itself, if it did not reach the server.
        const refusal = statusOf(answer.text);
        if (refusal) {
            throw new ApiError(answer.status, refusal.message ?? `the API server answered ${answer.status}`);
        }
        return answer;
    }

    /**
     * The last lines of a container's log: at most `LOG_LIMIT` bytes, in at most `LOG_TIMEOUT`.
     * @param options.previous of the run of the container before this one
     * @throws ApiError if there is no such log, or the user may not read it
     */
    async log(
        pod: { namespace?: string; name: string },
        container: string,
        options: { previous: boolean; lines: number },
    ): Promise<string> {
        const query = new URLSearchParams({
            container,
            previous: String(options.previous),
            tailLines: String(options.lines),
            limitBytes: String(LOG_LIMIT),
        });
        const path = `/api/v1/namespaces/${pod.namespace ?? "default"}/pods/${pod.name}/log?${query.toString()}`;
        const limits = { timeout: LOG_TIMEOUT, stop: AbortSignal.timeout(LOG_TIMEOUT) };
        const { status, text } = await this.transport.send("GET", path, { accept: "*/*", ...limits });
        if (status !== 200) {
            throw new ApiError(status, statusOf(text)?.message ?? `the API server answered ${status} to GET ${path}`);
        }
        return text;
    }

    /** Opens a connection to a port of a pod. @throws ApiError if the pod does not exist or does not run */
    connectToPod(pod: { namespace: string; name: string }, port: number): Promise<Duplex> {
        return connectToPod(this.config, pod, port);
    }

    /**
     * Runs a command in a container, which the user must be allowed to (`get` and `create` of `pods/exec`).
     * @returns its standard output
     * @throws ApiError if the API server does not start it; UserError if the container has no such command, or it fails
     */
    run(container: Container, command: readonly string[], stop?: AbortSignal): Promise<string> {
        return runIn(this.config, container, command, stop);
    }

    private async itemsOf(
        apiVersion: string,
        kind: string,
        query: Record<string, string>,
        accept?: string,
    ): Promise<KubernetesObject[]> {
        const { namespace, ...selectors } = query;
        const all = await this.discovery.pathOfKind(apiVersion, kind, namespace);
        const path = `${all}?${new URLSearchParams(selectors).toString()}`;
        const { items } = await this.transport.request<{ items?: KubernetesObject[] | null }>("GET", path, { accept });
        return items ?? [];
    }
}
