import { ISTIO_MINOR } from "../../../config/schema";
import { type Finding, note, refusal } from "./finding";

/**
 * The oldest minor version of Kubernetes 1 that accepts the program's pods: since 1.30 a container may pause before it ends
 * (`lifecycle.preStop.sleep`, feature PodLifecycleSleepAction). Istio's charts need nothing newer.
 */
const OLDEST = 30;

/** The minor versions that Istio 1.31 supports (https://istio.io/latest/news/releases/1.31.x/announcing-1.31/). */
const SUPPORTED = { from: 32, to: 36 };

/**
 * The minor version of Kubernetes 1 in the words of any vendor, such as `v1.30.5-eks-1552ad0`, `v1.29.8+k3s1` or `1.31+`;
 * undefined if it is not one.
 */
export function minorVersion(version: string): number | undefined {
    const [, minor] = /^v?1\.(\d+)(?!\d)/.exec(version) ?? [];
    return minor === undefined ? undefined : Number(minor);
}

export function checkVersion(version: string | undefined): Finding[] {
    const minor = version === undefined ? undefined : minorVersion(version);
    if (version === undefined || minor === undefined) {
        return [];
    }
    const runs = `the cluster runs Kubernetes ${version}`;
    if (minor < OLDEST) {
        return [
            refusal(
                `${runs}, and the program's pods need at least 1.${OLDEST}: older servers refuse their pause before they end.`,
                "Upgrade the cluster, or deploy to another one.",
            ),
        ];
    }
    return minor < SUPPORTED.from || minor > SUPPORTED.to
        ? [note(`${runs}; Istio ${ISTIO_MINOR} supports 1.${SUPPORTED.from} to 1.${SUPPORTED.to}.`)]
        : [];
}
