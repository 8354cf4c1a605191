/** Kinds of Kubernetes on which Istio's charts, or the program's pods, differ from the rest. */
export const PLATFORMS = ["aks", "gke", "k3d", "k3s", "microk8s", "minikube", "openshift"] as const;

export type Platform = (typeof PLATFORMS)[number];

/** Platforms that Istio's charts know as `global.platform` (files/profile-platform-*.yaml). They refuse any other value. */
const CHART_PLATFORMS: readonly Platform[] = ["gke", "k3d", "k3s", "microk8s", "minikube", "openshift"];

/** The platform under the name and key that Istio's charts take; empty if they do not know it. */
export function chartPlatform(platform: Platform | undefined): { platform?: Platform } {
    return platform !== undefined && CHART_PLATFORMS.includes(platform) ? { platform } : {};
}

/**
 * Without this annotation, AKS edits webhooks of others so that they leave its own namespaces alone. Whoever applies them
 * by server-side apply then conflicts with it (https://learn.microsoft.com/azure/aks/faq, "Admissions Enforcer").
 */
export const NOT_EDITED_BY_AKS = { "admissions.enforcer/disabled": "true" };

/** The label by which a namespace enforces a level of Kubernetes' Pod Security Standards. */
export const POD_SECURITY_LABEL = "pod-security.kubernetes.io/enforce";

/**
 * The labels of Istio's namespace. The CNI plugin's pods write into their nodes, which a cluster can forbid by default in every
 * namespace.
 * @param set by the config, which wins
 */
export function istioNamespaceLabels(hasCni: boolean, set: Record<string, string> = {}): Record<string, string> {
    return { ...(hasCni && { [POD_SECURITY_LABEL]: "privileged" }), ...set };
}

/** On pods of Linux only: none of the images runs on Windows. */
export const LINUX_NODES = { "kubernetes.io/os": "linux" };
