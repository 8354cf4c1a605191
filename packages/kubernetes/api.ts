import http from "node:http";
import https from "node:https";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import type { KubeConfig, User } from "@kubernetes/client-node";
import { stringify } from "yaml";
import { UserError, messageOf, Stopped } from "../shared/errors";
import { parseJson } from "../shared/json";
import { shownProxy } from "../shared/proxy";
import {
    type Kubeconfig,
    KubeconfigError,
    parseKubeconfig,
    readKubeconfig,
    reduceToContext,
} from "../shared/kubeconfig";
import { type ClusterAddress, kubectlOn } from "./address";
import { ApiError } from "./apiError";
import { contactFailure } from "./contact";
import type * as Client from "./client";
import { impersonateFully, libraryConfig, NOBODY } from "./libraryConfig";
import type { KubernetesObject, ObjectReference } from "./object";
import { connectToPod } from "./portForward";

/** The field manager by which server-side apply remembers the fields that these commands set. */
const FIELD_MANAGER = "bookinfo-mesh";

/** Longest time for an answer of the API server, in milliseconds. */
const REQUEST_TIMEOUT = 30_000;

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

/** An HTTP answer of any status. */
export interface HttpAnswer {
    status: number;
    text: string;
}

interface ApplyOptions {
    force: boolean;
    fieldManager?: string;
    dryRun?: boolean;
}

interface ResourceKind {
    kind: string;
    /** Plural name, as in paths. A name with a slash is a subresource. */
    name: string;
    namespaced: boolean;
}

/**
 * The API server of a cluster, for objects of any kind, as plain JSON: the client library's typed classes drop unknown
 * fields. The library handles credentials: certificates, tokens, exec plugins, proxies.
 */
export class ClusterApi {
    private readonly kinds = new Map<string, ResourceKind[]>();

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
        const path = `${await this.pathOf(object)}?${query}`;
        const contentType = "application/apply-patch+yaml";
        return this.request("PATCH", path, { body: object, contentType });
    }

    /** The live object; undefined if it does not exist, or the cluster does not know its kind. */
    async read(reference: ObjectReference): Promise<KubernetesObject | undefined> {
        return unlessMissing(async () => this.request("GET", await this.pathOf(reference)));
    }

    /** What the API server says of itself at a path, such as `/version`; undefined if there is nothing, or it may not be read. */
    async ask<T>(path: string): Promise<T | undefined> {
        return unlessMissing(async () => this.request<T>("GET", path)).catch((error: unknown) => {
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
        await unlessMissing(async () => this.request("DELETE", await this.pathOf(reference), { body: options }));
    }

    /**
     * The objects of a kind in all namespaces, each with its apiVersion and kind; empty if the cluster does not know the kind.
     * @param query selectors, such as `{fieldSelector: "metadata.name=x"}`
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
            const { metadata } = await this.request<KubernetesObject>("GET", path, { timeout: CONTACT_TIMEOUT });
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
        return (await this.request<{ status: Status }>("POST", path, { body })).status;
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
        const answer = await this.send("GET", `${proxy}${path}`, { accept: "*/*", stop, headers });
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
        const { status, text } = await this.send("GET", path, { accept: "*/*", ...limits });
        if (status !== 200) {
            throw new ApiError(status, statusOf(text)?.message ?? `the API server answered ${status} to GET ${path}`);
        }
        return text;
    }

    /** Opens a connection to a port of a pod. @throws ApiError if the pod does not exist or does not run */
    connectToPod(pod: { namespace: string; name: string }, port: number): Promise<Duplex> {
        return connectToPod(this.config, pod, port);
    }

    private async itemsOf(
        apiVersion: string,
        kind: string,
        query: Record<string, string>,
        accept?: string,
    ): Promise<KubernetesObject[]> {
        const { name } = await this.kindOf(apiVersion, kind);
        const path = `${groupPath(apiVersion)}/${name}?${new URLSearchParams(query).toString()}`;
        const { items } = await this.request<{ items?: KubernetesObject[] | null }>("GET", path, { accept });
        return items ?? [];
    }

    private async pathOf({ apiVersion, kind, metadata }: ObjectReference): Promise<string> {
        const { name: plural, namespaced } = await this.kindOf(apiVersion, kind);
        const namespace = namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
        return `${groupPath(apiVersion)}${namespace}/${plural}/${encodeURIComponent(metadata.name)}`;
    }

    private async kindOf(apiVersion: string, kind: string): Promise<ResourceKind> {
        const find = () => this.kinds.get(apiVersion)?.find((each) => each.kind === kind && !each.name.includes("/"));
        if (!find()) {
            const { resources } = await this.request<{ resources: ResourceKind[] }>("GET", groupPath(apiVersion));
            this.kinds.set(apiVersion, resources);
        }
        const found = find();
        if (!found) {
            throw new ApiError(404, `the cluster has no kind ${kind} in ${apiVersion}`);
        }
        return found;
    }

    private async request<T>(method: string, path: string, message: Message = {}): Promise<T> {
        const answer = await this.send(method, path, message);
        if (answer.status < 200 || answer.status > 299) {
            const reason =
                statusOf(answer.text)?.message ?? `the API server answered ${answer.status} to ${method} ${path}`;
            throw new ApiError(answer.status, reason);
        }
        const content = parseJson(answer.text);
        if (content === undefined) {
            throw new ApiError(answer.status, `the server at ${this.server} is not a Kubernetes API server`);
        }
        return content as T;
    }

    /** @throws ApiError of status 0 if there is no answer */
    private async send(method: string, path: string, message: Message): Promise<HttpAnswer> {
        const url = new URL(this.server.replace(/\/$/, "") + path);
        const options: https.RequestOptions = {
            method,
            headers: {
                ...message.headers,
                accept: message.accept ?? "application/json",
                ...(message.body === undefined ? {} : { "content-type": message.contentType ?? "application/json" }),
            },
            timeout: message.timeout ?? REQUEST_TIMEOUT,
            signal: message.stop,
        };
        await this.config.applyToHTTPSOptions(options).catch((error: unknown) => {
            // For example, an expired login, or a plugin that is not installed. A parser's message may quote a credential.
            const reason = error instanceof SyntaxError ? "" : messageOf(error);
            throw new UserError(
                `the kubeconfig's entry for ${this.server} cannot be used: ` +
                    (reason === "" ? "its login command prints no credential that can be read" : reason),
            );
        });
        return exchange(url, options, message.body).catch((error: unknown) => {
            if (message.stop?.aborted) {
                throw new Stopped();
            }
            const why = `the cluster at ${this.server} does not answer: ${messageOf(error)}`;
            throw new ApiError(0, why, { cause: error });
        });
    }
}

/** A request to the API server, without its method and path. */
interface Message {
    body?: unknown;
    /** Default: JSON. */
    contentType?: string;
    /** Default: JSON. */
    accept?: string;
    /** More headers. */
    headers?: Record<string, string>;
    /** Longest silence of the API server, in milliseconds. Default: `REQUEST_TIMEOUT`. */
    timeout?: number;
    stop?: AbortSignal;
}

function exchange(url: URL, options: https.RequestOptions, body: unknown): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
        const request = (url.protocol === "http:" ? http : https).request(url, options, (response) => {
            readText(response).then((text) => {
                resolve({ status: response.statusCode ?? 0, text });
            }, reject);
        });
        const giveUp = () => request.destroy(new Error(`no answer in ${Number(options.timeout) / 1000} s`));
        request.on("timeout", giveUp);
        // During the TLS handshake, Node.js's own timeout takes twice the time.
        const untilAnswer = setTimeout(giveUp, options.timeout);
        for (const event of ["response", "close"]) {
            request.once(event, () => {
                clearTimeout(untilAnswer);
            });
        }
        request.on("error", reject);
        const text = body === undefined ? "" : JSON.stringify(body);
        if (text !== "") {
            // Node.js omits it for a DELETE by default, and the API server then ignores the body.
            request.setHeader("content-length", Buffer.byteLength(text));
        }
        request.end(text);
    });
}

function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return ask().catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) {
            return undefined;
        }
        throw error;
    });
}

function groupPath(apiVersion: string): string {
    return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** A Kubernetes `Status`, in which the API server describes an error; undefined if the text is something else. */
function statusOf(text: string): { message?: string } | undefined {
    const { kind, apiVersion, message } = (parseJson(text) ?? {}) as Record<string, string | undefined>;
    return kind === "Status" && apiVersion === "v1" ? { message } : undefined;
}
