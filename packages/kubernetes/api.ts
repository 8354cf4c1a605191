import http from "node:http";
import https from "node:https";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import type { KubeConfig, User } from "@kubernetes/client-node";
import { UserError, messageOf, Stopped } from "../shared/errors";
import { KubeconfigError, parseKubeconfig, readKubeconfig, reduceToContext } from "../shared/kubeconfig";
import type { ClusterAddress } from "./address";
import { ApiError } from "./apiError";
import type { KubernetesObject, ObjectReference } from "./object";
import { connectToPod } from "./portForward";

/** Name under which server-side apply keeps what these commands set. */
export const FIELD_MANAGER = "bookinfo-mesh";

/** Time that the API server has for one answer, in milliseconds. */
const REQUEST_TIMEOUT = 30_000;

/** The same for the first question, which only finds out whether it is there. */
export const CONTACT_TIMEOUT = 15_000;

/** A server in the cluster, as the API server's proxy reaches it: a Service, or one of its pods. */
export interface ProxiedServer {
    kind: "services" | "pods";
    namespace: string;
    name: string;
    port: number;
}

/** What a server in the cluster answered, whatever its status. */
export interface ProxiedAnswer {
    status: number;
    text: string;
}

interface ResourceKind {
    kind: string;
    /** Plural name, as in paths; one with a slash is a subresource. */
    name: string;
    namespaced: boolean;
}

/**
 * The API server of a cluster, for objects of any kind, as plain JSON: what the client library's typed classes do not
 * know yet, they would drop. The library does the kubeconfig: certificates, tokens, exec plugins, proxies.
 */
export class ClusterApi {
    private readonly kinds = new Map<string, ResourceKind[]>();

    private constructor(
        private readonly config: KubeConfig,
        readonly address: ClusterAddress,
        /** URL of the API server. */
        readonly server: string,
    ) {}

    /**
     * @param content of the kubeconfig; by default that of its file
     * @throws UserError where the kubeconfig has no such context, or it names no cluster
     */
    static async connect(address: ClusterAddress, content?: string): Promise<ClusterApi> {
        // Imported here, the library's ES modules are loaded as they are where tsx compiles only what is required, as in the
        // provider of leftovers: in half the time.
        const { KubeConfig } = await import("@kubernetes/client-node");
        const config = new KubeConfig();
        const { kubeconfig: file, context } = address;
        try {
            const kubeconfig = content === undefined ? readKubeconfig(file) : parseKubeconfig(content);
            config.loadFromString(JSON.stringify(reduceToContext(kubeconfig, context, dirname(file))));
        } catch (error) {
            // Any other message, such as the library's, may quote a credential.
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
        return new ClusterApi(config, address, server);
    }

    /** The credentials of the kubeconfig's context; undefined where it names none. */
    get user(): User | undefined {
        return this.config.getCurrentUser() ?? undefined;
    }

    /**
     * Server-side apply: creates the object, or sets the fields given and no others.
     * @param options.fieldManager name under which the fields are set; default: `FIELD_MANAGER`
     */
    async apply(
        object: KubernetesObject,
        { force, fieldManager = FIELD_MANAGER }: { force: boolean; fieldManager?: string },
    ): Promise<KubernetesObject> {
        const query = `fieldManager=${fieldManager}&force=${String(force)}`;
        const path = `${await this.pathOf(object)}?${query}`;
        const contentType = "application/apply-patch+yaml";
        return (await this.request("PATCH", path, { body: object, contentType })) as KubernetesObject;
    }

    /** The object as it is now; undefined where it is not there, or the cluster does not know its kind. */
    async read(reference: ObjectReference): Promise<KubernetesObject | undefined> {
        return (await unlessMissing(async () => this.request("GET", await this.pathOf(reference)))) as
            KubernetesObject | undefined;
    }

    /** Asks for an object's deletion. A Deployment is gone once its pods are. That it is gone already is fine. */
    async delete(reference: ObjectReference): Promise<void> {
        // Not for Istio's objects: the garbage collector, which learns of new kinds only every 30 s, would have to let them go.
        const options = { propagationPolicy: reference.kind === "Deployment" ? "Foreground" : "Background" };
        await unlessMissing(async () => this.request("DELETE", await this.pathOf(reference), { body: options }));
    }

    /**
     * The objects of a kind in all namespaces, each with its apiVersion and kind; none where the cluster does not know
     * the kind.
     * @param query selectors, such as `{fieldSelector: "metadata.name=x"}`
     */
    async list(apiVersion: string, kind: string, query: Record<string, string> = {}): Promise<KubernetesObject[]> {
        const answer = await unlessMissing(async () => {
            const { name } = await this.kindOf(apiVersion, kind);
            return this.request("GET", `${groupPath(apiVersion)}/${name}?${new URLSearchParams(query).toString()}`);
        });
        const items = (answer as { items?: KubernetesObject[] } | undefined)?.items ?? [];
        return items.map((item) => ({ ...item, apiVersion, kind }));
    }

    /**
     * What tells this cluster from any other: the UID of its namespace kube-system. It is the first question that a
     * cluster is asked, and a short one.
     * @throws ApiError where the cluster does not answer, or refuses to
     */
    async identity(): Promise<string> {
        const path = "/api/v1/namespaces/kube-system";
        const namespace = (await this.request("GET", path, { timeout: CONTACT_TIMEOUT })) as KubernetesObject;
        return namespace.metadata.uid ?? "";
    }

    /**
     * Has the API server answer a question that is asked as an object, such as a SelfSubjectAccessReview.
     * @param resource plural name of its kind
     */
    async review<Status>(apiVersion: string, kind: string, resource: string, spec: object = {}): Promise<Status> {
        const body = { apiVersion, kind, spec };
        const answer = await this.request("POST", `${groupPath(apiVersion)}/${resource}`, { body });
        return (answer as { status: Status }).status;
    }

    /**
     * The labels and other metadata of the objects of a kind in all namespaces, without their content.
     * @param query selectors, as for `list`
     */
    async listMetadata(apiVersion: string, kind: string, query: Record<string, string>): Promise<KubernetesObject[]> {
        const { name } = await this.kindOf(apiVersion, kind);
        const path = `${groupPath(apiVersion)}/${name}?${new URLSearchParams(query).toString()}`;
        const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        const list = (await this.request("GET", path, { accept })) as { items?: KubernetesObject[] | null };
        return list.items ?? [];
    }

    /**
     * Asks an HTTP server in the cluster, by way of the API server: nothing but the kubeconfig is needed.
     * @throws ApiError where the API server does not reach the server, or refuses to
     */
    async getByProxy(server: ProxiedServer, path: string, stop?: AbortSignal): Promise<ProxiedAnswer> {
        const { kind, namespace, name, port } = server;
        const proxy = `/api/v1/namespaces/${namespace}/${kind}/${name}:${port}/proxy`;
        const answer = await this.send("GET", `${proxy}${path}`, { accept: "*/*", stop });
        // A server of the cluster answers for itself; a Status is how the API server says that it did not.
        const refusal = statusOf(answer.text);
        if (refusal) {
            throw new ApiError(answer.status, refusal.message ?? `the API server answered ${answer.status}`);
        }
        return answer;
    }

    /** Opens a connection to a port of a pod: bytes in, bytes out. @throws ApiError where the pod is not there */
    async connectToPod(pod: { namespace: string; name: string }, port: number): Promise<Duplex> {
        return connectToPod(this.config, pod, port).catch((error: unknown) => {
            throw new ApiError(0, messageOf(error));
        });
    }

    private async pathOf({ apiVersion, kind, metadata }: ObjectReference): Promise<string> {
        const { name: plural, namespaced } = await this.kindOf(apiVersion, kind);
        const namespace = namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
        return `${groupPath(apiVersion)}${namespace}/${plural}/${encodeURIComponent(metadata.name)}`;
    }

    private async kindOf(apiVersion: string, kind: string): Promise<ResourceKind> {
        const find = (kinds: ResourceKind[] | undefined) =>
            kinds?.find((candidate) => candidate.kind === kind && !candidate.name.includes("/"));
        let found = find(this.kinds.get(apiVersion));
        if (!found) {
            const list = (await this.request("GET", groupPath(apiVersion))) as { resources: ResourceKind[] };
            this.kinds.set(apiVersion, list.resources);
            found = find(list.resources);
        }
        if (!found) {
            throw new ApiError(404, `the cluster has no kind ${kind} in ${apiVersion}`);
        }
        return found;
    }

    private async request(method: string, path: string, message: Message = {}): Promise<unknown> {
        const answer = await this.send(method, path, message);
        if (answer.status < 200 || answer.status > 299) {
            const reason = statusOf(answer.text)?.message;
            throw new ApiError(
                answer.status,
                reason ?? `the API server answered ${answer.status} to ${method} ${path}`,
            );
        }
        try {
            return JSON.parse(answer.text) as unknown;
        } catch {
            throw new ApiError(answer.status, `what answers at ${this.server} is no API server of Kubernetes`);
        }
    }

    /** @throws ApiError of status 0 where there is no answer */
    private async send(method: string, path: string, message: Message): Promise<{ status: number; text: string }> {
        const url = new URL(this.server.replace(/\/$/, "") + path);
        const options: https.RequestOptions = {
            method,
            headers: {
                accept: message.accept ?? "application/json",
                ...(message.body === undefined ? {} : { "content-type": message.contentType ?? "application/json" }),
            },
            timeout: message.timeout ?? REQUEST_TIMEOUT,
            signal: message.stop,
        };
        await this.config.applyToHTTPSOptions(options).catch((error: unknown) => {
            // Such as a login that has to be renewed, or a plugin that is not installed. A parser's message may quote a credential.
            const reason = error instanceof SyntaxError ? "" : messageOf(error);
            throw new UserError(
                `the kubeconfig's entry for ${this.server} cannot be used: ` +
                    (reason === "" ? "what it runs for a credential gives none that can be read" : reason),
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

/** A request to the API server, apart from its path. */
interface Message {
    body?: unknown;
    /** Default: JSON. */
    contentType?: string;
    /** Default: JSON. */
    accept?: string;
    /** Longest silence of the API server, in milliseconds. Default: `REQUEST_TIMEOUT`. */
    timeout?: number;
    stop?: AbortSignal;
}

function exchange(url: URL, options: https.RequestOptions, body: unknown): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
        const request = (url.protocol === "http:" ? http : https).request(url, options, (response) => {
            let text = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => (text += chunk));
            response.on("end", () => {
                resolve({ status: response.statusCode ?? 0, text });
            });
            response.on("error", reject);
        });
        const giveUp = () => request.destroy(new Error(`no answer in ${Number(options.timeout) / 1000} s`));
        request.on("timeout", giveUp);
        // While TLS is set up, Node.js counts the time twice before it gives up by itself.
        const untilAnswer = setTimeout(giveUp, options.timeout);
        for (const event of ["response", "close"]) {
            request.once(event, () => {
                clearTimeout(untilAnswer);
            });
        }
        request.on("error", reject);
        if (body === undefined) {
            request.end();
        } else {
            const text = JSON.stringify(body);
            // By itself Node.js leaves it out for a DELETE, and the API server then takes the body for none.
            request.setHeader("content-length", Buffer.byteLength(text));
            request.end(text);
        }
    });
}

async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
        return await ask();
    } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
            return undefined;
        }
        throw error;
    }
}

function groupPath(apiVersion: string): string {
    return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** A Kubernetes `Status`, by which the API server says what went wrong; undefined where the text is something else. */
function statusOf(text: string): { message?: string } | undefined {
    try {
        const { kind, apiVersion, message } = JSON.parse(text) as Record<string, string | undefined>;
        return kind === "Status" && apiVersion === "v1" ? { message } : undefined;
    } catch {
        return undefined;
    }
}
