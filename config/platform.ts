/** The settings that adapt the program to a platform: their final form, and their checks. */
import type { IstioSettings } from "../components/istio/values";
import { type Platform, POD_SECURITY_LABEL } from "../components/platform";
import { type ConfigIssue, invalidValue } from "./issues";
import { CNI_RESOURCES } from "./profiles";
import type { Section } from "./schema";

type Istio = Section<"istio">;
type ClusterKind = "gke" | "kubeconfig";

/** What is the same as if it were not set, is left out: so it changes no stack that is up. */
export interface PlatformSettings extends Pick<IstioSettings, "platform" | "cni"> {
    /** Labels of Istio's namespace; undefined without any. */
    readonly namespaceLabels?: Readonly<Record<string, string>>;
}

/** Whether Istio's CNI plugin is installed. */
export function isCniEnabled({ platform, cni }: Pick<Istio, "platform" | "cni">): boolean {
    return cni.enabled ?? platform === "openshift";
}

export function resolvePlatform(
    istio: Pick<Istio, "profile" | "platform" | "cni" | "namespaceLabels">,
    kind: ClusterKind,
): PlatformSettings {
    const cni = isCniEnabled(istio);
    // Only the CNI plugin differs on GKE.
    const platform: Platform | undefined = istio.platform ?? (kind === "gke" && cni ? "gke" : undefined);
    return {
        ...(platform && { platform }),
        ...(cni && { cni: { resources: CNI_RESOURCES[istio.profile] } }),
        ...labelsOf(istio.namespaceLabels),
    };
}

/** The labels of a namespace under their key, if there are any. */
export function labelsOf(namespaceLabels: Record<string, string>): { namespaceLabels?: Record<string, string> } {
    return Object.keys(namespaceLabels).length > 0 ? { namespaceLabels } : {};
}

export function checkPlatform(istio: Istio, app: Section<"app">, kind: unknown): ConfigIssue[] {
    const { platform, cni, values } = istio;
    const issues = checkPodSecurity(istio, app);
    if (kind === "gke" && platform !== undefined && platform !== "gke") {
        issues.push(invalidValue(["istio", "platform"], platform, "cluster.kind is gke", { example: "gke" }));
    }
    if (platform === "openshift" && cni.enabled === false) {
        const problem = "OpenShift gives pods no NET_ADMIN, which they need without the plugin";
        issues.push(invalidValue(["istio", "cni", "enabled"], false, problem, { allowed: "true on OpenShift" }));
    }
    // Security context constraints do not apply in `default`, which is kept for core components (https://docs.okd.io,
    // "Understanding and managing pod security admission").
    if (platform === "openshift" && app.namespace === "default") {
        const problem = "OpenShift assigns no users to pods in default";
        const better = { allowed: "any other namespace on OpenShift", example: "bookinfo" };
        issues.push(invalidValue(["app", "namespace"], app.namespace, problem, better));
    }
    if (!isCniEnabled(istio) && Object.keys(values.cni).length > 0) {
        const better = { allowed: "nothing, or istio.cni.enabled" };
        issues.push(invalidValue(["istio", "values", "cni"], values.cni, "istio.cni.enabled is not true", better));
    }
    return issues;
}

/** Levels that only pods without any privilege fulfil, from the strictest. */
const LEVELS = ["restricted", "baseline", "privileged"];

/** A level that a namespace of the stack enforces, and that its pods do not fulfil. */
function checkPodSecurity(istio: Istio, app: Section<"app">): ConfigIssue[] {
    const check = (path: string[], labels: Record<string, string>, allowed: string[], why: string) => {
        const level = labels[POD_SECURITY_LABEL];
        return level === undefined || allowed.includes(level)
            ? []
            : [invalidValue([...path, POD_SECURITY_LABEL], level, why, { allowed: allowed.join(" or ") })];
    };
    const cni = isCniEnabled(istio);
    return [
        ...check(
            ["app", "namespaceLabels"],
            app.namespaceLabels,
            cni ? LEVELS : ["privileged"],
            cni ? "there is no such level" : "without istio.cni.enabled, each pod's init container needs NET_ADMIN",
        ),
        ...check(
            ["istio", "namespaceLabels"],
            istio.namespaceLabels,
            cni ? ["privileged"] : ["baseline", "privileged"],
            cni ? "the CNI plugin writes into its node" : "istiod and the gateway do not fulfil this level",
        ),
    ];
}
