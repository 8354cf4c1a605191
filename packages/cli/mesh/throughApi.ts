/** Requests to the ingress gateway through the API server. They need only the kubeconfig, and take the page's real way. */
import { once } from "node:events";
import http from "node:http";
import type { Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import * as tls from "node:tls";
import { gatewaySelector, ISTIO_NAMESPACE, PRODUCTPAGE_PATH, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { isReadyPod } from "../../kubernetes/readiness";
import type { HttpAnswer } from "../../kubernetes/transport";
import { messageOf, Stopped, UserError } from "../../shared/errors";
import { connectionError } from "../load/requests";
import type { Access } from "../load/route";
import { INGRESS_SERVICE, type Ingress } from "./ingress";
import { type ClientCertificate, isPlain, requestHost, securityOf } from "./pageClient";

/** Longest time for an answer through a port-forward, in milliseconds. */
const TIMEOUT = 10_000;

/** The pods of the ingress gateway. */
export function gatewayPods(api: ClusterApi): Promise<KubernetesObject[]> {
    const labels = Object.entries(gatewaySelector(RELEASES.gateway)).map((pair) => pair.join("="));
    return api.list("v1", "Pod", {
        labelSelector: labels.join(","),
        fieldSelector: `metadata.namespace=${ISTIO_NAMESPACE}`,
    });
}

/** A connection to a port of a ready pod of the ingress gateway. @throws UserError if no pod is ready */
export async function connectToGateway(api: ClusterApi, port: number): Promise<Duplex> {
    const pod = (await gatewayPods(api)).find(isReadyPod);
    if (!pod) {
        throw new UserError("no pod is ready");
    }
    return api.connectToPod({ namespace: ISTIO_NAMESPACE, name: pod.metadata.name }, port);
}

/**
 * A connection to the gateway's port of the page, over TLS if the gateway speaks TLS.
 * @param security from `securityOf`
 * @throws UserError if no pod is ready; the error of the handshake
 */
export async function connectToPage(
    api: ClusterApi,
    { ports, access }: Pick<Ingress, "ports" | "access">,
    security: Omit<Access, "endpoint">,
): Promise<Duplex> {
    const connection = await connectToGateway(api, ports.pod);
    return access.tls ? overTls(connection, security) : connection;
}

/** TLS over a connection. It is destroyed if the handshake fails. */
export async function overTls(connection: Duplex, security: Omit<Access, "endpoint">): Promise<tls.TLSSocket> {
    const secured = tls.connect({ socket: connection, ...security });
    secured.once("close", () => connection.destroy());
    // A handshake that fails gives a second error when a connection that is no socket is destroyed. Nothing waits for it any more.
    secured.on("error", () => undefined);
    await once(secured, "secureConnect");
    return secured;
}

interface Asking {
    headers?: Record<string, string>;
    stop?: AbortSignal;
    /** The client's own certificate. */
    certificate?: ClientCertificate;
}

/**
 * Asks the ingress gateway for the product page, through the API server's proxy. Some control planes reach no port of a pod
 * except the kubelet's, and some users may only forward ports. So if the proxy fails, a port-forward is tried.
 *
 * Some requests only go through a port-forward: those to a gateway that speaks TLS, or serves only some hosts, because the proxy
 * names no host and checks no certificate; and those with a token, which the proxy would take for credentials of its own client.
 * @throws UserError if neither gets an answer
 */
export async function askThroughApi(
    api: ClusterApi,
    ingress: Pick<Ingress, "ports" | "access">,
    { headers = {}, stop, certificate }: Asking = {},
): Promise<HttpAnswer> {
    const { name, namespace } = INGRESS_SERVICE.metadata;
    const server = { kind: "services", namespace, name, port: ingress.ports.service } as const;
    const forward = async () => {
        const connection = await connectToPage(api, ingress, securityOf(ingress.access, certificate));
        return getOver(connection, PRODUCTPAGE_PATH, { host: requestHost(ingress.access), ...headers }, stop);
    };
    if (!isPlain(ingress.access) || headers.authorization !== undefined) {
        return forward().catch((error: unknown) => {
            throw error instanceof Stopped || error instanceof UserError
                ? error
                : new UserError(connectionError(error));
        });
    }
    try {
        return await api.getByProxy(server, PRODUCTPAGE_PATH, stop, headers);
    } catch (error) {
        if (!(error instanceof ApiError)) {
            throw error;
        }
        try {
            return await forward();
        } catch (second) {
            if (second instanceof Stopped) {
                throw second;
            }
            throw new UserError(`${error.message}; a port-forward fails too: ${messageOf(second)}`);
        }
    }
}

/** The answer to a GET request over a connection, which it ends. */
export function getOver(
    connection: Duplex,
    path: string,
    headers: Record<string, string>,
    stop?: AbortSignal,
): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
        const fail = (error: unknown) => {
            clearTimeout(timer);
            connection.destroy();
            reject(stop?.aborted ? new Stopped() : (error as Error));
        };
        const request = http.get({ path, headers, createConnection: () => connection, signal: stop }, (response) => {
            readText(response).then((text) => {
                clearTimeout(timer);
                connection.destroy();
                resolve({ status: response.statusCode ?? 0, text });
            }, fail);
        });
        // A connection through the API server has no timeout of its own.
        const timer = setTimeout(() => request.destroy(new Error(`no answer in ${TIMEOUT / 1000} s`)), TIMEOUT);
        request.on("error", fail);
        connection.on("error", fail);
    });
}
