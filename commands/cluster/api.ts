import http from "node:http";
import https from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Fault, messageOf } from "../fault";
import type { ClusterAddress } from "./address";
import type { KubernetesObject, ObjectReference } from "./object";

/** Name under which server-side apply keeps what these commands set. */
export const FIELD_MANAGER = "bookinfo-mesh";

/** Time that the API server has for one answer, in milliseconds. */
const REQUEST_TIMEOUT = 30_000;

/** An answer of the API server other than success. */
export class ApiError extends Fault {
    constructor(
        /** HTTP status. */
        readonly status: number,
        message: string,
    ) {
        super(message);
    }
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
        private readonly server: string,
    ) {}

    /** @throws Fault where the kubeconfig has no such context, or it names no cluster */
    static connect(address: ClusterAddress): ClusterApi {
        const config = new KubeConfig();
        try {
            config.loadFromFile(address.kubeconfig);
        } catch {
            // Its parser's message may quote a credential.
            throw new Fault(`the kubeconfig ${address.kubeconfig} cannot be read, or is not a kubeconfig`);
        }
        config.setCurrentContext(address.context);
        const server = config.getCurrentCluster()?.server;
        if (!server) {
            throw new Fault(`the kubeconfig ${address.kubeconfig} has no cluster for context "${address.context}"`);
        }
        return new ClusterApi(config, server);
    }

    /** Server-side apply: creates the object, or sets the fields given and no others. */
    async apply(object: KubernetesObject, options: { force: boolean }): Promise<KubernetesObject> {
        const query = `fieldManager=${FIELD_MANAGER}&force=${String(options.force)}`;
        const path = `${await this.pathOf(object)}?${query}`;
        return (await this.request("PATCH", path, object, "application/apply-patch+yaml")) as KubernetesObject;
    }

    /** The object as it is now; undefined where it is not there, or the cluster does not know its kind. */
    async read(reference: ObjectReference): Promise<KubernetesObject | undefined> {
        return (await unlessMissing(async () => this.request("GET", await this.pathOf(reference)))) as
            KubernetesObject | undefined;
    }

    /** Asks for an object's deletion; it is gone once its dependents are. That it is gone already is fine. */
    async delete(reference: ObjectReference): Promise<void> {
        const options = { propagationPolicy: "Foreground" };
        await unlessMissing(async () => this.request("DELETE", await this.pathOf(reference), options));
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
     * What tells this cluster from any other: the UID of its namespace kube-system.
     * @throws Fault where the cluster does not answer
     */
    async identity(): Promise<string> {
        const namespace = await this.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
        const uid = namespace?.metadata.uid;
        if (!uid) {
            throw new Fault(`the cluster at ${this.server} has no namespace kube-system`);
        }
        return uid;
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

    private async request(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
        const url = new URL(this.server.replace(/\/$/, "") + path);
        const options: https.RequestOptions = {
            method,
            headers: {
                accept: "application/json",
                ...(body === undefined ? {} : { "content-type": contentType ?? "application/json" }),
            },
            timeout: REQUEST_TIMEOUT,
        };
        await this.config.applyToHTTPSOptions(options);
        const { status, text } = await exchange(url, options, body).catch((error: unknown) => {
            throw new ApiError(0, `the cluster at ${this.server} does not answer: ${messageOf(error)}`);
        });
        if (status < 200 || status > 299) {
            throw new ApiError(status, statusMessage(text) ?? `the API server answered ${status} to ${method} ${path}`);
        }
        return JSON.parse(text) as unknown;
    }
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
        request.on("timeout", () => request.destroy(new Error(`no answer in ${REQUEST_TIMEOUT / 1000} s`)));
        request.on("error", reject);
        request.end(body === undefined ? undefined : JSON.stringify(body));
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

/** The message of a Kubernetes `Status`. */
function statusMessage(text: string): string | undefined {
    try {
        return (JSON.parse(text) as { message?: string }).message;
    } catch {
        return undefined;
    }
}
