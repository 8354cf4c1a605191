import { INJECTION_LABEL } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { type Check, failed, ok } from "./check";

const PROXY = "istio-proxy";

/** This label with the value "false" keeps a pod out of the mesh. */
const OPT_OUT = "sidecar.istio.io/inject";

/** The application's namespace is labelled for injection, and each of its pods has a sidecar that is ready. */
export const checkSidecars: Check = async ({ api, appNamespace, commands }) => {
    const namespace = await api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: appNamespace } });
    const [label = "", value] = Object.entries(INJECTION_LABEL)[0] ?? [];
    if (namespace?.metadata.labels?.[label] !== value) {
        return failed(`Namespace ${appNamespace} has no label ${label}=${value ?? ""}`, commands.redeploy);
    }
    const all = await api.list("v1", "Pod", { fieldSelector: `metadata.namespace=${appNamespace}` });
    const pods = all.filter(isLasting);
    if (pods.length === 0) {
        return failed(`there are no pods in ${appNamespace}`, commands.redeploy);
    }
    const kubectl = `${commands.kubectl} --namespace ${appNamespace}`;
    const without = pods.filter((pod) => sidecarOf(pod) === "missing");
    const optedOut = without.filter(({ metadata }) => metadata.labels?.[OPT_OUT] === "false");
    if (optedOut.length > 0) {
        return failed(
            `kept out of the mesh by the label ${OPT_OUT}=false: ${names(optedOut)}`,
            `remove the label from the pod's template; then ${renewal(kubectl, optedOut)}`,
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
              `${kubectl} logs ${notReady[0]?.metadata.name ?? ""} --container ${PROXY}`,
          )
        : ok(`${pods.length} of ${pods.length} pods in ${appNamespace}`);
};

/** How to replace pods. Nothing replaces a pod without a controller, so such a pod must not be deleted. */
function renewal(kubectl: string, pods: readonly KubernetesObject[]): string {
    const owned = pods.filter(isOwned);
    const alone = names(pods.filter((pod) => !isOwned(pod)));
    return [
        ...(owned.length > 0 ? [`${kubectl} delete pod ${names(owned, " ")}`] : []),
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

function names(pods: readonly KubernetesObject[], separator = ", "): string {
    return pods.map(({ metadata }) => metadata.name).join(separator);
}
