import type { KubernetesObject } from "../../kubernetes/object";
import { RELEASE_ANNOTATION } from "../../kubernetes/releases";

/** Who has made an object, as far as its marks tell. */
export function makerOf({ metadata }: KubernetesObject): string {
    const { annotations = {}, labels = {} } = metadata;
    const { [RELEASE_ANNOTATION.name]: release, [RELEASE_ANNOTATION.namespace]: namespace = "" } = annotations;
    if (release !== undefined) {
        return `Helm release ${release} in ${namespace}`;
    }
    if ("install.operator.istio.io/owning-resource" in labels || "operator.istio.io/component" in labels) {
        return "istioctl";
    }
    if ("kubectl.kubernetes.io/last-applied-configuration" in annotations) {
        return "kubectl apply";
    }
    const managers = (metadata.managedFields ?? []) as { manager?: string }[];
    return managers[0]?.manager ?? "unknown tool";
}
