import { shellWord } from "../../shared/shell";
import { BOOKINFO_PORT, ISTIO_NAMESPACE } from "../../../components/names";
import { ApiError } from "../../kubernetes/apiError";
import { isReadyPod } from "../../kubernetes/readiness";
import type { Mesh } from "../mesh/mesh";
import { STRICT_MTLS } from "../mesh/switches";
import { isOwnIn } from "../stack/namespaces";
import { type Check, type CheckResult, eventually, failed, ok } from "./check";
import { checkSwitchedOff } from "./objects";
import { sidecarOf } from "./sidecars";

/** The agent beside each proxy answers here in plain text under every policy. */
const AGENT = { port: 15020, path: "/healthz/ready" };

/** How the API server says that a proxy accepted its connection and dropped it, as it does with plain text. */
const DROPPED = /connection reset by peer|EOF/;

/**
 * Time until a pod must refuse, in seconds: a proxy that has just got the policy still serves its open connections, and
 * the API server keeps some open.
 */
const PATIENCE = 10;

/**
 * Proves strict mutual TLS: the API server sends plain text to each pod, and the proxy refuses it. A port of the same pod
 * outside the mesh answers the API server, so the network is not the reason.
 */
export const checkMutualTls: Check = async (mesh, stop) => {
    const { api, appNamespace, commands, on } = mesh;
    if (!on.mtls) {
        return checkSwitchedOff(mesh, "istio.global.mtls.enabled", STRICT_MTLS);
    }
    const all = await api.list("v1", "Pod", { fieldSelector: `metadata.namespace=${appNamespace}` });
    const isOwn = isOwnIn(appNamespace);
    // `checkSidecars` reports pods without a sidecar. Pods of others listen elsewhere, and may have policies of their own.
    const pods = all.filter((pod) => isOwn(pod) && isReadyPod(pod) && sidecarOf(pod) !== "missing");
    if (pods.length === 0) {
        return failed(`there are no ready pods with a sidecar in ${appNamespace}`, commands.redeploy);
    }
    const results = await Promise.all(
        pods.map(({ metadata }) => eventually(PATIENCE, stop, () => plainTextResult(mesh, metadata.name, stop))),
    );
    return results.find(({ status }) => status === "failed") ?? ok(`${pods.length} pods refuse plain text`);
};

async function plainTextResult(mesh: Mesh, name: string, stop?: AbortSignal): Promise<CheckResult> {
    const { api, appNamespace, commands } = mesh;
    const ask = (port: number, path: string) =>
        answerOf(api.getByProxy({ kind: "pods", namespace: appNamespace, name, port }, path, stop));
    const control = await ask(AGENT.port, AGENT.path);
    const plain = await ask(BOOKINFO_PORT, "/health");
    if (plain.status !== undefined) {
        return failed(`${name} answers ${plain.status} to plain text; ${await policyIn(mesh)}`, commands.redeploy);
    }
    if (control.status !== 200) {
        return failed(
            `this proves nothing: ${name} does not answer on port ${AGENT.port} either (${control.words})`,
            `let the API server reach the pods, and look at the pod: ` +
                `${commands.kubectl} --namespace ${appNamespace} describe pod ${shellWord(name)}`,
        );
    }
    return DROPPED.test(plain.words)
        ? ok(`${name} refuses plain text`)
        : failed(
              `this proves nothing: ${name} neither answered plain text nor refused it (${plain.words})`,
              `check whether a network policy keeps the API server from port ${BOOKINFO_PORT}`,
          );
}

/** A server's answer in words, or the API server's error in place of it. */
async function answerOf(request: Promise<{ status: number }>): Promise<{ status?: number; words: string }> {
    try {
        const { status } = await request;
        return { status, words: `it answered ${status}` };
    } catch (error) {
        if (error instanceof ApiError && error.status !== 403) {
            return { words: error.message };
        }
        throw error;
    }
}

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
