import { BOOKINFO_NAMES, ISTIO_NAMESPACE } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";

/**
 * Tells the program's objects from others: everything in Istio's namespace; in Bookinfo's, which others may share, what
 * carries the label of one of Bookinfo's services.
 */
export function isOwnIn(appNamespace: string): (object: KubernetesObject) => boolean {
    const apps = new Set<string>(BOOKINFO_NAMES);
    return ({ metadata: { namespace, labels } }) =>
        namespace === ISTIO_NAMESPACE || (namespace === appNamespace && apps.has(labels?.app ?? ""));
}
