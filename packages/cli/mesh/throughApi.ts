/** Requests to the ingress gateway through the API server. They need only the kubeconfig, and take the page's real way. */
import http from "node:http";
import type { Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { gatewaySelector, ISTIO_NAMESPACE, PRODUCTPAGE_PATH, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { isReadyPod } from "../../kubernetes/readiness";
import type { HttpAnswer } from "../../kubernetes/transport";
import { messageOf, Stopped, UserError } from "../../shared/errors";
import { INGRESS_SERVICE, type Ingress } from "./ingress";

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

/** Opens a connection to a ready pod of the ingress gateway. @throws UserError if no pod is ready */
export async function connectToGateway(api: ClusterApi, { ports }: Pick<Ingress, "ports">): Promise<Duplex> {
    const pod = (await gatewayPods(api)).find(isReadyPod);
    if (!pod) {
        throw new UserError("no pod is ready");
    }
    return api.connectToPod({ namespace: ISTIO_NAMESPACE, name: pod.metadata.name }, ports.pod);
}

/**
 * Asks the ingress gateway for the product page, through the API server's proxy. Some control planes reach no port of a pod
 * except the kubelet's, and some users may only forward ports. So if the proxy fails, a port-forward is tried.
 * @throws UserError if neither gets an answer
 */
export async function askThroughApi(
    api: ClusterApi,
    ingress: Pick<Ingress, "ports">,
    { headers = {}, stop }: { headers?: Record<string, string>; stop?: AbortSignal } = {},
): Promise<HttpAnswer> {
    const { name, namespace } = INGRESS_SERVICE.metadata;
    const server = { kind: "services", namespace, name, port: ingress.ports.service } as const;
    if (headers.authorization !== undefined) {
        // The API server's proxy would take it for credentials of its own client.
        return getOver(await connectToGateway(api, ingress), headers, stop);
    }
    try {
        return await api.getByProxy(server, PRODUCTPAGE_PATH, stop, headers);
    } catch (error) {
        if (!(error instanceof ApiError)) {
            throw error;
        }
        try {
            return await getOver(await connectToGateway(api, ingress), headers, stop);
        } catch (second) {
            if (second instanceof Stopped) {
                throw second;
            }
            throw new UserError(`${error.message}; a port-forward fails too: ${messageOf(second)}`);
        }
    }
}

/** A GET request for the product page over a connection. */
function getOver(connection: Duplex, headers: Record<string, string>, stop?: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
        const fail = (error: unknown) => {
            connection.destroy();
            reject(stop?.aborted ? new Stopped() : (error as Error));
        };
        const request = http.get(
            {
                path: PRODUCTPAGE_PATH,
                headers: { host: "localhost", ...headers },
                createConnection: () => connection,
                signal: stop,
            },
            (response) => {
                readText(response).then((text) => {
                    connection.destroy();
                    resolve({ status: response.statusCode ?? 0, text });
                }, fail);
            },
        );
        request.setTimeout(TIMEOUT, () => request.destroy(new Error(`no answer in ${TIMEOUT / 1000} s`)));
        request.on("error", fail);
        connection.on("error", fail);
    });
}
