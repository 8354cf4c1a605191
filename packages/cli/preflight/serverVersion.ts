import { isSupported, minorVersion, SUPPORTED_VERSIONS } from "../mesh/kubernetesVersion";
import { type Finding, note, refusal } from "./finding";

/**
 * The oldest minor version of Kubernetes 1 that accepts the program's pods: since 1.30 a container may pause before it ends
 * (`lifecycle.preStop.sleep`, feature PodLifecycleSleepAction). Istio's charts need nothing newer.
 */
const OLDEST = 30;

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
    return isSupported(minor) ? [] : [note(`${runs}; ${SUPPORTED_VERSIONS}.`)];
}
