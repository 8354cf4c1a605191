import { ISTIO_NAMESPACE, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { shellWord } from "../../shared/shell";
import { RELEASE_ANNOTATION, type ReleaseName, releaseSecrets, revisionsOf } from "../../kubernetes/releases";

/**
 * Looks for an Istio that this program's releases did not install. What the user may not list does not count.
 * @param definitions the CRDs; undefined if the user may not list them
 * @returns the problem and the remedy; undefined without another Istio
 */
export async function otherIstio(
    api: ClusterApi,
    definitions: readonly KubernetesObject[] = [],
): Promise<string | undefined> {
    const look = async (apiVersion: string, kind: string, query: Record<string, string>) => {
        const found = (await unlessForbidden(() => api.listMetadata(apiVersion, kind, query))) ?? [];
        return found.filter((object) => !isOurs(object)).map((object) => ({ ...object, apiVersion, kind }));
    };
    const webhooks = "admissionregistration.k8s.io/v1";
    const ofControlPlanes = await Promise.all([
        look("apps/v1", "Deployment", { labelSelector: "app=istiod" }),
        look(webhooks, "MutatingWebhookConfiguration", { labelSelector: "app=sidecar-injector" }),
        look(webhooks, "ValidatingWebhookConfiguration", { labelSelector: "app=istiod" }),
    ]);
    const controlPlanes = ofControlPlanes.flat();
    const foreign = definitions.filter((each) => each.metadata.name.endsWith(".istio.io") && !isOurs(each));
    if (controlPlanes.length > 0) {
        return [
            "another Istio is installed in this cluster, and two would compete for the same pods and CRDs:",
            ...controlPlanes.map((object) => `  ${displayName(object)} (${origin(object)})`),
            "It is not this deployment's, and others may depend on it: deploy to another cluster. If nobody needs it any more, its",
            "owner takes it away with the tool that installed it (Helm, istioctl, an operator, the cloud's console).",
        ].join("\n");
    }
    return foreign.length > 0 ? definitionsNotice(foreign, api) : undefined;
}

/** CRDs of another Istio: who may need them, and how this deployment can use them. */
async function definitionsNotice(definitions: readonly KubernetesObject[], api: ClusterApi): Promise<string> {
    const found = [
        "CRDs of another Istio are in this cluster, and Helm does not take over objects without its annotations:",
        ...summary(definitions),
    ];
    const releases = definitions.flatMap((definition) => releaseOf(definition) ?? []);
    const namespaces = [...new Set(releases.map(({ namespace }) => namespace))];
    const lists = namespaces.map((namespace) => unlessForbidden(() => releaseSecrets(api, namespace)));
    const secrets = (await Promise.all(lists)).flatMap((list) => list ?? []);
    const installed = releases.find((release) => revisionsOf(release, secrets).length > 0);
    if (installed) {
        return [
            ...found,
            `The Helm release ${installed.name} in ${installed.namespace} is still installed, and they are its own: deploy to another`,
            "cluster, or ask its owner.",
        ].join("\n");
    }
    const words = definitions.map(({ metadata }) => shellWord(metadata.name));
    const names = words.join(" ");
    const [name, namespace] = [RELEASES.base, ISTIO_NAMESPACE];
    return [
        ...found,
        "If the Istio that they came from is gone, give them to this deployment. Their objects stay as they are, and `down` leaves",
        "CRDs that have objects of others. Ask the owners of these objects first, if there are any:",
        `  ${api.kubectl} get ${words.join(",")} --all-namespaces`,
        `  ${api.kubectl} label --overwrite crd ${names} app.kubernetes.io/managed-by=Helm`,
        `  ${api.kubectl} annotate --overwrite crd ${names} ${RELEASE_ANNOTATION.name}=${name} ${RELEASE_ANNOTATION.namespace}=${namespace}`,
    ].join("\n");
}

function isOurs({ metadata }: KubernetesObject): boolean {
    const { [RELEASE_ANNOTATION.name]: release = "", [RELEASE_ANNOTATION.namespace]: namespace } =
        metadata.annotations ?? {};
    return (Object.values(RELEASES) as string[]).includes(release) && namespace === ISTIO_NAMESPACE;
}

function releaseOf({ metadata: { annotations = {} } }: KubernetesObject): ReleaseName | undefined {
    const { [RELEASE_ANNOTATION.name]: name, [RELEASE_ANNOTATION.namespace]: namespace } = annotations;
    return name === undefined || namespace === undefined ? undefined : { name, namespace };
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
