import { ADDONS, BOOKINFO_NAMES, ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";

/** Values of the label `app` of the pods that this program runs in Istio's namespace, with those of the charts. */
const SYSTEM_APPS = new Set<string>([...Object.values(RELEASES), ...Object.keys(ADDONS)]);

/**
 * Tells the program's objects from others, for reading: in Istio's namespace everything that does not say that it is another
 * app; in Bookinfo's what `isBookinfos`. Others may share both.
 */
export function isOwnIn(appNamespace: string): (object: KubernetesObject) => boolean {
    return (object) => {
        const { namespace, labels } = object.metadata;
        return (
            (namespace === ISTIO_NAMESPACE && (labels?.app === undefined || SYSTEM_APPS.has(labels.app))) ||
            (namespace === appNamespace && isBookinfos(object))
        );
    };
}

/** The same for changes: in Istio's namespace, which others may share too, only pods and ReplicaSets of the program's Deployments. */
export function isTouchableIn(appNamespace: string): (object: KubernetesObject) => boolean {
    const isOwn = isOwnIn(appNamespace);
    return (object) => {
        const { namespace, labels, ownerReferences = [] } = object.metadata;
        return (
            isOwn(object) &&
            ownerReferences.some(({ kind }) => kind === (object.kind === "Pod" ? "ReplicaSet" : "Deployment")) &&
            (namespace !== ISTIO_NAMESPACE || SYSTEM_APPS.has(labels?.app ?? ""))
        );
    };
}

/** Beginning of the name of a Deployment of Bookinfo, of its ReplicaSets and of their pods. */
const WORKLOAD = new RegExp(`^(?:${BOOKINFO_NAMES.join("|")})-v\\d+(?:-|$)`);

/** Whether a Deployment in Bookinfo's namespace has the name of one of Bookinfo's. */
export function isBookinfoDeployment({ metadata: { name } }: KubernetesObject): boolean {
    return WORKLOAD.test(name);
}

/**
 * Whether an object is a Service or a Deployment of Bookinfo, or a ReplicaSet or pod of such a Deployment. The label alone does
 * not tell: others may have an app of that name too.
 */
function isBookinfos({ metadata: { name, labels, ownerReferences = [] } }: KubernetesObject): boolean {
    const app = labels?.app ?? "";
    if (!(BOOKINFO_NAMES as readonly string[]).includes(app)) {
        return false;
    }
    const isNamed = (each: string) => each === app || (each.startsWith(`${app}-`) && WORKLOAD.test(each));
    return (
        isNamed(name) &&
        ownerReferences.every((owner) => ["ReplicaSet", "Deployment"].includes(owner.kind) && isNamed(owner.name))
    );
}
