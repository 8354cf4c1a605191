import { ADDONS, type AddonName, SWITCHES } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { type PullFault, pullFaultOf } from "./pullFaults";

/** The kubelet's reasons for a container without its image. */
const REASONS = /^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|ImageInspectError)$/;

interface PodSpec {
    containers?: { name: string; image?: string }[];
    initContainers?: { name: string; image?: string }[];
    imagePullSecrets?: { name: string }[];
}

export function isImageProblem(reason: string): boolean {
    return REASONS.test(reason);
}

/** Whether waiting cannot help: only another name, tag or pull policy, or credentials, or a change of the nodes. */
export function isFinal(reason: string, message: string): boolean {
    return /^(?:InvalidImageName|ErrImageNeverPull)$/.test(reason) || (pullFaultOf(message)?.final ?? false);
}

/**
 * A kubelet's message about an image, with the cause first. Runtimes wrap it in what they were doing, each time with the
 * whole name of the image, so the cause would be cut off.
 */
export function imageMessage(message: string): string {
    const cause = message.replace(WRAPPING, "");
    const { why } = pullFaultOf(message) ?? {};
    return why === undefined ? cause : `${why} (${cause})`;
}

/** What a kubelet and a runtime write in front of the cause. */
const WRAPPING = new RegExp(
    `^(?:${[
        String.raw`(?:[Ff]ailed to|Back-off) (?:pull|pull and unpack|pulling|resolve|resolve reference|copy|do request)(?: image)?(?: "[^"]*")?: `,
        "ErrImagePull: ",
        String.raw`rpc error: code = \w+ desc = `,
        "httpReadSeeker: failed open: ",
    ].join("|")})+`,
);

/** What to do about a container that does not get its image. */
export function imageRemedy(pod: KubernetesObject, container: string, message = ""): string {
    const { containers = [], initContainers = [], imagePullSecrets = [] } = (pod.spec ?? {}) as PodSpec;
    const image = [...containers, ...initContainers].find(({ name }) => name === container)?.image ?? "";
    const fault = pullFaultOf(message);
    const keys = keysOf(image, pod.metadata.labels?.app);
    return `${doAbout(fault, image, imagePullSecrets)} ${image || "The image"} is set by ${keys}.`;
}

function doAbout(fault: PullFault | undefined, image: string, secrets: { name: string }[]): string {
    if (fault === undefined || image === "") {
        return `Does the registry have ${image || "the image"}, and do the nodes reach it, with a pull secret if it needs one?`;
    }
    const host = image.replace(/\/.*/, "");
    return fault.remedy({ image, host, secrets: secrets.map(({ name }) => name) });
}

/** What sets an image: config keys, or its owner. */
export function keysOf(image: string, app: string | undefined): string {
    if (/\/(?:pilot|proxyv2|install-cni)(?:[:@]|$)/.test(image)) {
        return "istio.hub, istio.tag and istio.imagePullPolicy, or images.mirror";
    }
    if (/\/examples-bookinfo-/.test(image)) {
        return "bookinfo.registry, bookinfo.tag and bookinfo.imagePullPolicy, or images.mirror";
    }
    if (app === "kiali") {
        return "istio.kiali.version and istio.values.kiali, or images.mirror";
    }
    return app !== undefined && app in ADDONS
        ? `istio.${SWITCHES[app as AddonName]}.image or images.mirror`
        : "the pod's owner";
}
