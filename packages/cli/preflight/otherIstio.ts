import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { RELEASE_ANNOTATION } from "../../kubernetes/releases";

/**
 * Looks for an Istio that this program's releases did not install. What the user may not list does not count.
 * @returns the problem and the remedy; undefined without another Istio
 */
export async function otherIstio(api: ClusterApi): Promise<string | undefined> {
    const look = async (apiVersion: string, kind: string, query: Record<string, string> = {}) => {
        const found = await api.listMetadata(apiVersion, kind, query).catch((error: unknown) => {
            if (error instanceof ApiError && error.status === 403) {
                return [];
            }
            throw error;
        });
        return found.filter((object) => !isOurs(object)).map((object) => ({ ...object, apiVersion, kind }));
    };
    const webhooks = "admissionregistration.k8s.io/v1";
    const [crds, ...ofControlPlanes] = await Promise.all([
        look("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        look("apps/v1", "Deployment", { labelSelector: "app=istiod" }),
        look(webhooks, "MutatingWebhookConfiguration", { labelSelector: "app=sidecar-injector" }),
        look(webhooks, "ValidatingWebhookConfiguration", { labelSelector: "app=istiod" }),
    ]);
    const controlPlanes = ofControlPlanes.flat();
    const definitions = crds.filter(({ metadata }) => metadata.name.endsWith(".istio.io"));
    if (controlPlanes.length > 0) {
        return [
            "another Istio is installed in this cluster, and two would compete for the same pods and CRDs:",
            ...controlPlanes.map((object) => `  ${displayName(object)} (${origin(object)})`),
            "Remove it with the tool that installed it (helm uninstall, istioctl uninstall --purge, an operator, the cloud's console),",
            "or deploy to another cluster.",
        ].join("\n");
    }
    if (definitions.length > 0) {
        const all = `$(${api.kubectl} get crd -o name | grep '\\.istio\\.io$')`;
        const [name, namespace] = [RELEASES.base, ISTIO_NAMESPACE];
        return [
            "CRDs of another Istio are in this cluster, and Helm does not take over objects without its annotations:",
            ...summary(definitions),
            "Give them to this deployment, together with their objects:",
            `  ${api.kubectl} label --overwrite ${all} app.kubernetes.io/managed-by=Helm`,
            `  ${api.kubectl} annotate --overwrite ${all} ${RELEASE_ANNOTATION.name}=${name} ${RELEASE_ANNOTATION.namespace}=${namespace}`,
            "or delete them, if nobody needs them and their objects:",
            `  ${api.kubectl} delete ${all}`,
        ].join("\n");
    }
    return undefined;
}

function isOurs({ metadata }: KubernetesObject): boolean {
    const { [RELEASE_ANNOTATION.name]: release = "", [RELEASE_ANNOTATION.namespace]: namespace } =
        metadata.annotations ?? {};
    return (Object.values(RELEASES) as string[]).includes(release) && namespace === ISTIO_NAMESPACE;
}

/** The objects by their origin, at most three names of each. */
function summary(objects: readonly KubernetesObject[]): string[] {
    return [...new Set(objects.map(origin))].map((from) => {
        const names = objects.filter((object) => origin(object) === from).map(({ metadata }) => metadata.name);
        const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
        return `  ${names.slice(0, 3).join(", ")}${more} (${from})`;
    });
}

function origin({ metadata }: KubernetesObject): string {
    const { [RELEASE_ANNOTATION.name]: release, [RELEASE_ANNOTATION.namespace]: namespace } =
        metadata.annotations ?? {};
    return release === undefined
        ? "not by Helm"
        : `Helm release ${release}${namespace === undefined ? "" : ` in ${namespace}`}`;
}
