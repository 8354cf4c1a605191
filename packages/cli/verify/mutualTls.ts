import { BOOKINFO_PORT, ISTIO_NAMESPACE } from "../../../components/names";
import { ApiError } from "../../kubernetes/apiError";
import { isReadyPod } from "../../kubernetes/readiness";
import type { Mesh } from "../mesh/mesh";
import { STRICT_MTLS } from "../mesh/switches";
import { type Check, type CheckResult, eventually, failed, ok } from "./check";
import { sidecarOf } from "./sidecars";
import { checkSwitchedOff } from "./switchedOff";

/** Where the agent beside each proxy says how the proxy is, in plain text whatever the mesh's policy. */
const AGENT = { port: 15020, path: "/healthz/ready" };

/** How the API server says that the other side took its connection and dropped it, as a proxy does with plain text. */
const DROPPED = /connection reset by peer|EOF/;

/**
 * Time that a pod has to refuse, in seconds: a proxy that has just got the policy still serves the connections that it
 * has, and the API server keeps some.
 */
const PATIENCE = 10;

/**
 * Strict mutual TLS, proven: the API server asks each pod in plain text and is refused by the proxy, while a port of the
 * same pod that is not the mesh's answers it by the same way.
 */
export const checkMutualTls: Check = async (mesh, stop) => {
    const { api, appNamespace, commands, on } = mesh;
    if (!on.mtls) {
        return checkSwitchedOff(mesh, "istio.global.mtls.enabled", STRICT_MTLS);
    }
    const all = await api.list("v1", "Pod", { fieldSelector: `metadata.namespace=${appNamespace}` });
    // Pods without a sidecar are another check's business.
    const pods = all.filter((pod) => isReadyPod(pod) && sidecarOf(pod) !== "missing");
    if (pods.length === 0) {
        return failed(`there are no ready pods with a sidecar in ${appNamespace}`, commands.redeploy);
    }
    const results = await Promise.all(
        pods.map(({ metadata }) => eventually(PATIENCE, stop, () => plainTextResult(mesh, metadata.name, stop))),
    );
    return results.find(({ status }) => status === "failed") ?? ok(`${pods.length} pods refuse plain text`);
};

async function plainTextResult(mesh: Mesh, name: string, stop?: AbortSignal): Promise<CheckResult> {
    const pod = { kind: "pods", namespace: mesh.appNamespace, name } as const;
    const { api } = mesh;
    const control = await attempt(() => api.getByProxy({ ...pod, port: AGENT.port }, AGENT.path, stop));
    const plain = await attempt(() => api.getByProxy({ ...pod, port: BOOKINFO_PORT }, "/health", stop));
    if (plain.status !== undefined) {
        return failed(`${name} answers ${plain.status} to plain text; ${await policyIn(mesh)}`, mesh.commands.redeploy);
    }
    if (control.status !== 200) {
        const why = control.status === undefined ? control.refusal : `it answered ${control.status}`;
        return failed(
            `nothing is proven: ${name} cannot be asked on port ${AGENT.port} either (${why})`,
            `let the API server reach the pods, and look at the pod: ` +
                `${mesh.commands.kubectl} --namespace ${mesh.appNamespace} describe pod ${name}`,
        );
    }
    return DROPPED.test(plain.refusal)
        ? ok(`${name} refuses plain text`)
        : failed(
              `nothing is proven: ${name} neither answered plain text nor refused it (${plain.refusal})`,
              `see whether a network policy keeps the API server from port ${BOOKINFO_PORT}`,
          );
}

/** What a server answered, or what the API server says instead. */
type Attempt = { status: number } | { status?: undefined; refusal: string };

async function attempt(ask: () => Promise<{ status: number }>): Promise<Attempt> {
    try {
        const { status } = await ask();
        return { status };
    } catch (error) {
        if (error instanceof ApiError && error.status !== 403) {
            return { refusal: error.message };
        }
        throw error;
    }
}

/** The policy that holds, in words. */
async function policyIn({ api, appNamespace }: Mesh): Promise<string> {
    const policies = await api.list("security.istio.io/v1", "PeerAuthentication");
    const relevant = policies
        .filter(({ metadata }) => [ISTIO_NAMESPACE, appNamespace].includes(metadata.namespace ?? ""))
        .map(({ metadata, spec }) => {
            const { mtls } = (spec ?? {}) as { mtls?: { mode?: string } };
            return `${metadata.namespace ?? ""}/${metadata.name} ${mtls?.mode ?? "UNSET"}`;
        });
    return relevant.length > 0
        ? `PeerAuthentication: ${relevant.join(", ")}`
        : `there is no PeerAuthentication in ${ISTIO_NAMESPACE}`;
}
