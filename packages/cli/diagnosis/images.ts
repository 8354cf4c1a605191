import { ADDONS, type AddonName, SWITCHES } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";

/** The kubelet's reasons for a container without its image. */
const REASONS = /^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|ImageInspectError)$/;

export function isImageProblem(reason: string): boolean {
    return REASONS.test(reason);
}

/** Whether only another name, tag or pull policy can help. */
export function isFinal(reason: string, message: string): boolean {
    return (
        /^(?:InvalidImageName|ErrImageNeverPull)$/.test(reason) ||
        /manifest unknown|not found|repository does not exist|pull access denied/.test(message)
    );
}

/** What to do about a container that does not get its image. */
export function imageRemedy(pod: KubernetesObject, container: string): string {
    const { containers = [], initContainers = [] } = (pod.spec ?? {}) as Record<
        "containers" | "initContainers",
        { name: string; image?: string }[] | undefined
    >;
    const image = [...containers, ...initContainers].find(({ name }) => name === container)?.image ?? "";
    return (
        `Does the registry have ${image || "the image"}, and do the nodes reach it, with a pull secret if it needs one? ` +
        `The image is set by ${keysOf(image, pod.metadata.labels?.app)}.`
    );
}

/** What sets an image: config keys, or its owner. */
export function keysOf(image: string, app: string | undefined): string {
    if (/\/(?:pilot|proxyv2|install-cni)(?:[:@]|$)/.test(image)) {
        return "istio.hub, istio.tag and istio.imagePullPolicy";
    }
    if (/\/examples-bookinfo-/.test(image)) {
        return "bookinfo.registry, bookinfo.tag and bookinfo.imagePullPolicy";
    }
    if (app === "kiali") {
        return "istio.kiali.version and istio.values.kiali";
    }
    return app !== undefined && app in ADDONS ? `istio.${SWITCHES[app as AddonName]}.image` : "the pod's owner";
}
