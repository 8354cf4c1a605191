import { shellWord } from "../../shared/shell";
import { INJECTION_LABEL } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { isOwnIn } from "../stack/namespaces";
import { type Check, failed, ok } from "./check";

const PROXY = "istio-proxy";

/** This label with the value "false" keeps a pod out of the mesh. */
const OPT_OUT = "sidecar.istio.io/inject";

/**
 * The application's namespace is labelled for injection, and each pod of Bookinfo has a sidecar that is ready. Pods of others in
 * that namespace may be outside of the mesh: on the node's network, older than the label, or by their owner's choice.
 */
export const checkSidecars: Check = async ({ api, appNamespace, commands }) => {
    const namespace = await api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: appNamespace } });
    const [label = "", value] = Object.entries(INJECTION_LABEL)[0] ?? [];
    if (namespace?.metadata.labels?.[label] !== value) {
        return failed(`Namespace ${appNamespace} has no label ${label}=${value ?? ""}`, commands.redeploy);
    }
    const all = await api.list("v1", "Pod", { fieldSelector: `metadata.namespace=${appNamespace}` });
    const lasting = all.filter(isLasting);
    const pods = lasting.filter(isOwnIn(appNamespace));
    if (pods.length === 0) {
        const ofBookinfo = lasting.length > 0 ? " of Bookinfo" : "";
        return failed(`there are no pods${ofBookinfo} in ${appNamespace}`, commands.redeploy);
    }
    const kubectl = `${commands.kubectl} --namespace ${appNamespace}`;
    const without = pods.filter((pod) => sidecarOf(pod) === "missing");
    const optedOut = without.filter(({ metadata }) => metadata.labels?.[OPT_OUT] === "false");
    if (optedOut.length > 0) {
        return failed(
            `kept out of the mesh by the label ${OPT_OUT}=false: ${names(optedOut)}`,
            `restore the pods' template, which somebody has changed: ${commands.redeploy}`,
        );
    }
    if (without.length > 0) {
        return failed(
            `without a sidecar: ${names(without)}`,
            `replace the pods, because new ones get a sidecar: ${renewal(kubectl, without)}`,
        );
    }
    const notReady = pods.filter((pod) => sidecarOf(pod) === "not ready");
    return notReady.length > 0
        ? failed(
              `with a sidecar that is not ready: ${names(notReady)}`,
              `${kubectl} logs ${shellWord(notReady[0]?.metadata.name ?? "")} --container ${PROXY}`,
          )
        : ok(`${pods.length} of ${pods.length} pods in ${appNamespace}${noteOnOthers(lasting, appNamespace)}`);
};

/** How many pods of others have no sidecar, as the end of a sentence; empty if there are none. */
function noteOnOthers(pods: readonly KubernetesObject[], appNamespace: string): string {
    const isOwn = isOwnIn(appNamespace);
    const { length } = pods.filter((pod) => !isOwn(pod) && sidecarOf(pod) === "missing");
    const subject = length === 1 ? "1 other pod" : `${length} other pods`;
    return length === 0 ? "" : `; ${subject} in ${appNamespace} ${length === 1 ? "is" : "are"} outside the mesh`;
}

/** How to replace pods of Bookinfo. Nothing replaces a pod without a controller. */
function renewal(kubectl: string, pods: readonly KubernetesObject[]): string {
    const deployments = new Set(
        pods.filter(isOwned).map(({ metadata }) => metadata.name.split("-").slice(0, -2).join("-")),
    );
    const alone = names(pods.filter((pod) => !isOwned(pod)));
    return [
        ...(deployments.size > 0
            ? [`${kubectl} rollout restart deployment ${[...deployments].map(shellWord).join(" ")}`]
            : []),
        ...(alone === "" ? [] : [`${alone} (no controller): create again the way it was created`]),
    ].join("; ");
}

function isOwned({ metadata }: KubernetesObject): boolean {
    return (metadata.ownerReferences ?? []).length > 0;
}

/** Whether a pod has a sidecar: a container, or an init container that never ends on clusters that support it. */
export function sidecarOf({ spec, status }: KubernetesObject): "ready" | "not ready" | "missing" {
    const { containers = [], initContainers = [] } = (spec ?? {}) as Record<string, { name: string }[] | undefined>;
    if (![...containers, ...initContainers].some(({ name }) => name === PROXY)) {
        return "missing";
    }
    const { containerStatuses = [], initContainerStatuses = [] } = (status ?? {}) as Record<
        string,
        { name: string; ready: boolean }[] | undefined
    >;
    const statuses = [...containerStatuses, ...initContainerStatuses];
    return statuses.some(({ name, ready }) => name === PROXY && ready) ? "ready" : "not ready";
}

/** Whether a pod serves: it has not ended, and is not being deleted. */
function isLasting({ metadata, status }: KubernetesObject): boolean {
    const { phase } = (status ?? {}) as { phase?: string };
    return metadata.deletionTimestamp === undefined && phase !== "Succeeded" && phase !== "Failed";
}

function names(pods: readonly KubernetesObject[]): string {
    return pods.map(({ metadata }) => metadata.name).join(", ");
}
