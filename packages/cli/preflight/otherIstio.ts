import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../../kubernetes/object";

/** Helm's marks on what a release made. */
const RELEASE_NAME = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE = "meta.helm.sh/release-namespace";

/** What of another Istio is in a cluster. */
export interface OtherIstio {
    /** Istio's CRDs that did not come with our release. */
    definitions: KubernetesObject[];
    /** Control planes, and the webhooks of such. */
    controlPlanes: KubernetesObject[];
}

/** Looks for an Istio that no release of ours made. What the user may not see is taken for not there. */
export async function findOtherIstio(api: ClusterApi): Promise<OtherIstio> {
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
    const [definitions, ...controlPlanes] = await Promise.all([
        look("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        look("apps/v1", "Deployment", { labelSelector: "app=istiod" }),
        look(webhooks, "MutatingWebhookConfiguration", { labelSelector: "app=sidecar-injector" }),
        look(webhooks, "ValidatingWebhookConfiguration", { labelSelector: "app=istiod" }),
    ]);
    return {
        definitions: definitions.filter(({ metadata }) => metadata.name.endsWith(".istio.io")),
        controlPlanes: controlPlanes.flat(),
    };
}

function isOurs({ metadata }: KubernetesObject): boolean {
    const { [RELEASE_NAME]: release = "", [RELEASE_NAMESPACE]: namespace } = metadata.annotations ?? {};
    return (Object.values(RELEASES) as string[]).includes(release) && namespace === ISTIO_NAMESPACE;
}

/**
 * What is wrong, and what to do; undefined where there is no other Istio.
 * @param kubectl how one runs it on the cluster
 */
export function otherIstioFault({ definitions, controlPlanes }: OtherIstio, kubectl: string): string | undefined {
    if (controlPlanes.length > 0) {
        return [
            "another Istio is installed in this cluster, and two of them would fight over the same pods and CRDs:",
            ...controlPlanes.map((object) => `  ${displayName(object)} (${origin(object)})`),
            "Remove it by what installed it (helm uninstall, istioctl uninstall --purge, an operator, the cloud's console),",
            "or deploy to another cluster.",
        ].join("\n");
    }
    if (definitions.length > 0) {
        const all = `$(${kubectl} get crd -o name | grep '\\.istio\\.io$')`;
        const [name, namespace] = [RELEASES.base, ISTIO_NAMESPACE];
        return [
            `CRDs of another Istio are in this cluster, and Helm does not take over what is not marked as its release's:`,
            ...summary(definitions),
            "Hand them over to this deployment, with the objects that they hold:",
            `  ${kubectl} label --overwrite ${all} app.kubernetes.io/managed-by=Helm`,
            `  ${kubectl} annotate --overwrite ${all} ${RELEASE_NAME}=${name} ${RELEASE_NAMESPACE}=${namespace}`,
            "or, if nobody needs them and their objects any more, delete them:",
            `  ${kubectl} delete ${all}`,
        ].join("\n");
    }
    return undefined;
}

/** The objects by where they came from, no more than three of each by name. */
function summary(objects: readonly KubernetesObject[]): string[] {
    const byOrigin = new Map<string, string[]>();
    for (const object of objects) {
        byOrigin.set(origin(object), [...(byOrigin.get(origin(object)) ?? []), object.metadata.name]);
    }
    return [...byOrigin].map(([from, names]) => {
        const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
        return `  ${names.slice(0, 3).join(", ")}${more} (${from})`;
    });
}

function origin({ metadata }: KubernetesObject): string {
    const { [RELEASE_NAME]: release, [RELEASE_NAMESPACE]: namespace } = metadata.annotations ?? {};
    return release === undefined
        ? "not by Helm"
        : `Helm release ${release}${namespace === undefined ? "" : ` in ${namespace}`}`;
}
