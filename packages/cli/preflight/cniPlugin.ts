import { CNI_DAEMON_SET, CNI_RELEASE, ISTIO_NAMESPACE } from "../../../components/names";
import type { Platform } from "../../../components/platform";
import { ISTIO_MINOR } from "../../../config/schema";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { RELEASE_ANNOTATION } from "../../kubernetes/releases";
import type { ClusterFacts } from "./clusterFacts";
import { type Finding, note, refusal } from "./finding";
import { makerOf } from "./maker";

const CILIUM = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cilium-config", namespace: "kube-system" } };

/** What in a cluster keeps Istio's CNI plugin from working. What the user may not read does not count. */
export async function checkCni(
    api: ClusterApi,
    { daemonSets = [] }: Pick<ClusterFacts, "daemonSets">,
    platform: Platform | undefined,
): Promise<Finding[]> {
    const findings = daemonSets
        .filter((each) => isPlugin(each) && !isOurs(each))
        .map((plugin) => ofOthers(plugin, platform));
    const settings = await unlessForbidden(() => api.read(CILIUM));
    if ((settings?.data as Record<string, string> | undefined)?.["cni-exclusive"] === "true") {
        findings.push(
            note(
                "Cilium removes other CNI plugins from its nodes (cni-exclusive in kube-system/cilium-config), so also Istio's.",
                "Install Cilium with cni.exclusive=false.",
            ),
        );
    }
    return findings;
}

function ofOthers(plugin: KubernetesObject, platform: Platform | undefined): Finding {
    const text = [
        `Istio's CNI plugin is installed already: ${displayName(plugin)} (${makerOf(plugin)}). A node has room for one, because`,
        "both would redirect the traffic of the same pods. It is not this deployment's, and others may depend on it:",
        "deploy to another cluster. If nobody needs it any more, its owner takes it away with the tool that installed it.",
    ];
    // There, the config requires the program's own plugin.
    if (platform !== "openshift") {
        text.push(
            "To use that one, set istio.cni.enabled to false and istio.values.istiod.pilot.cni.enabled to true. Ask its owner first:",
            `it must handle the namespaces of this deployment, and fit Istio ${ISTIO_MINOR} (the same minor version, or one beside it).`,
        );
    }
    return refusal(...text);
}

/** Istio's chart `cni` fixes the name and the label. Some vendors add the version to the name. */
function isPlugin({ metadata: { name, labels } }: KubernetesObject): boolean {
    return name.startsWith(CNI_DAEMON_SET) || labels?.["k8s-app"] === CNI_DAEMON_SET;
}

function isOurs({ metadata: { namespace, annotations } }: KubernetesObject): boolean {
    return annotations?.[RELEASE_ANNOTATION.name] === CNI_RELEASE && namespace === ISTIO_NAMESPACE;
}
