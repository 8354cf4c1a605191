import { type ServiceName, serviceNamed } from "../../../components/serviceName";
import type { ProxiedServer } from "../../kubernetes/api";
import type { HttpAnswer } from "../../kubernetes/transport";
import { makeRequest } from "../load/requests";
import type { Mesh } from "../mesh/mesh";
import { type AddonRequest, judgeAnswer } from "./addon";
import { type CheckResult, failed } from "./check";

/** Time for an answer from outside of the cluster, in seconds. */
const TIMEOUT = 10;

const KEY = "istio.prometheus.url";

/**
 * Asks a Prometheus that is not the stack's: a Service of the cluster through the API server, any other server directly. If
 * this machine does not reach such a server, nothing is known: only pods of the cluster have to reach it.
 */
export async function askOtherPrometheus(
    mesh: Mesh,
    url: string,
    request: AddonRequest,
    judge: (json: unknown) => CheckResult,
): Promise<CheckResult> {
    const address = new URL(url);
    const path = `${address.pathname.replace(/\/$/, "")}${request.path}`;
    const named = serviceOf(address);
    const server = named && (await findService(mesh, named));
    const name = `Prometheus at ${url}`;
    if (server) {
        return judgeAnswer(name, await mesh.api.getByProxy(server, path, request.stop), request, judge);
    }
    if (named?.certain) {
        const service = `Service ${named.namespace}/${named.name}`;
        return failed(
            `${KEY} names ${service}, which is not in the cluster`,
            `correct ${KEY}, then ${mesh.commands.up}`,
        );
    }
    const outcome = await makeRequest(`${address.origin}${path}`, TIMEOUT, { signal: request.stop });
    if (outcome.status === undefined) {
        const reason = outcome.failure ?? "no answer";
        return { status: "off", found: `not checked: this machine does not reach ${url} (${reason})` };
    }
    const answer: HttpAnswer = { status: outcome.status, text: outcome.body ?? "" };
    return judgeAnswer(name, answer, request, judge);
}

interface NamedService extends ServiceName {
    port: number;
    scheme: string;
}

/** The Service that the host of a URL may be, as seen from the add-ons' namespace; undefined for any other host. */
export function serviceOf({ hostname, port, protocol }: URL): NamedService | undefined {
    const usual = protocol === "https:" ? 443 : 80;
    const named = serviceNamed(hostname);
    return named && { ...named, port: port === "" ? usual : Number(port), scheme: protocol.slice(0, -1) };
}

async function findService(
    { api }: Mesh,
    { name, namespace, port, scheme }: NamedService,
): Promise<ProxiedServer | undefined> {
    const service = await api.read({ apiVersion: "v1", kind: "Service", metadata: { name, namespace } });
    // The API server's proxy takes the scheme before the name.
    return service && { kind: "services", namespace, name: scheme === "https" ? `https:${name}` : name, port };
}
