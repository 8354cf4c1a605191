import { BOOKINFO_NAMES, ISTIO_NAMESPACE, RELEASES } from "../../components/names";
import { UserError } from "../shared/errors";
import type { ClusterApi } from "../kubernetes/api";
import { displayName, type KubernetesObject } from "../kubernetes/object";
import { waitUntil } from "../kubernetes/wait";

/** ConfigMaps that istiod writes into every namespace and never removes. */
const CONFIG_MAPS = ["istio-ca-root-cert", "istio-ca-crl"];

/** Helm's mark on what a release made; the CRDs of Istio's base chart carry it, and outlive the release. */
const RELEASE_ANNOTATION = "meta.helm.sh/release-name";

/** By what control planes are found, and their pods. */
const ISTIOD = { labelSelector: "app=istiod" };

/** By what Bookinfo's pods are found, which have a sidecar. */
const BOOKINFO = {
    labelSelector: `security.istio.io/tlsMode=istio,app in (${BOOKINFO_NAMES.join(",")})`,
};

/** Longest time for the last pods to end, and for a CRD to be gone, in seconds. */
const TIMEOUT = 120;

/** What Istio leaves in a cluster after its releases are gone. */
export interface Leftovers {
    definitions: KubernetesObject[];
    configMaps: KubernetesObject[];
    /** Objects of Istio's kinds: what we made is gone by now, so somebody else made these. */
    inUse: KubernetesObject[];
    /** Control planes that still run, and that the ConfigMaps belong to. */
    controlPlanes: KubernetesObject[];
}

/**
 * Removes what Istio's charts and istiod leave behind, unless somebody else needs it, and waits until Bookinfo's pods have ended.
 * @param kubectl how one runs it on the cluster
 * @returns what is said about what stays
 */
export async function removeLeftovers(
    api: ClusterApi,
    kubectl: string,
    stop?: AbortSignal,
): Promise<string | undefined> {
    const notices = await Promise.all([removeUnused(api, kubectl, stop), untilPodsEnd(api, stop)]);
    return notices.filter((notice) => notice !== undefined).join("\n") || undefined;
}

async function removeUnused(api: ClusterApi, kubectl: string, stop?: AbortSignal): Promise<string | undefined> {
    await untilIstiodEnds(api, stop);
    const { remove, notice } = chooseLeftovers(await findLeftovers(api, RELEASES.base), kubectl);
    await removeObjects(api, remove, stop);
    return notice;
}

/** An istiod whose Deployment is gone may still write its ConfigMaps anew. */
async function untilIstiodEnds(api: ClusterApi, stop?: AbortSignal): Promise<void> {
    await waitUntil("istiod", { timeout: TIMEOUT, stop }, async () => {
        const [deployments, pods] = await Promise.all([
            api.list("apps/v1", "Deployment", ISTIOD),
            api.list("v1", "Pod", ISTIOD),
        ]);
        const ending = pods.filter(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE);
        return deployments.length === 0 && ending.length > 0
            ? `has not ended: ${ending.map(displayName).join(", ")}`
            : undefined;
    });
}

/**
 * Bookinfo's Deployments are deleted in the background: they are gone before their pods, which serve on for a moment.
 * @returns what is said about pods that do not end; nothing needs them to
 */
async function untilPodsEnd(api: ClusterApi, stop?: AbortSignal): Promise<string | undefined> {
    try {
        await waitUntil("Bookinfo", { timeout: TIMEOUT, stop }, async () => {
            const pods = await api.list("v1", "Pod", BOOKINFO);
            const left = pods.length > 0 ? await abandoned(pods, api) : [];
            return left.length > 0 ? `has pods that have not ended: ${left.map(displayName).join(", ")}` : undefined;
        });
    } catch (error) {
        if (error instanceof UserError) {
            return error.message;
        }
        throw error;
    }
    return undefined;
}

/** Pods whose ReplicaSet or Deployment is there no more. */
async function abandoned(pods: KubernetesObject[], api: ClusterApi): Promise<KubernetesObject[]> {
    const [deployments, replicaSets] = await Promise.all([
        api.listMetadata("apps/v1", "Deployment", {}),
        api.listMetadata("apps/v1", "ReplicaSet", {}),
    ]);
    const going = ownerless(replicaSets, "Deployment", deployments);
    const staying = replicaSets.filter((replicaSet) => !going.includes(replicaSet));
    return ownerless(pods, "ReplicaSet", staying);
}

/** Those that belong to an object of a kind which is not among the ones that are there. */
function ownerless(objects: KubernetesObject[], kind: string, there: KubernetesObject[]): KubernetesObject[] {
    const uids = new Set(there.map(({ metadata }) => metadata.uid));
    return objects.filter(({ metadata }) =>
        metadata.ownerReferences?.some((owner) => owner.kind === kind && !uids.has(owner.uid)),
    );
}

/** @param release name of the release that brought the CRDs */
async function findLeftovers(api: ClusterApi, release: string): Promise<Leftovers> {
    const all = await api.list("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    const definitions = all.filter((definition) => isLeftDefinition(definition, release));
    const [controlPlanes, configMaps, inUse] = await Promise.all([
        api.list("apps/v1", "Deployment", ISTIOD),
        Promise.all(CONFIG_MAPS.map((name) => api.list("v1", "ConfigMap", { fieldSelector: `metadata.name=${name}` }))),
        Promise.all(definitions.map((definition) => api.list(...servedKind(definition)))),
    ]);
    return { definitions, configMaps: configMaps.flat(), inUse: inUse.flat(), controlPlanes };
}

/** Whether a CRD is one of Istio's that came with our release. */
export function isLeftDefinition({ metadata }: KubernetesObject, release: string): boolean {
    return metadata.name.endsWith(".istio.io") && metadata.annotations?.[RELEASE_ANNOTATION] === release;
}

/** API version and kind under which the objects of a CRD are kept. */
export function servedKind(definition: KubernetesObject): [apiVersion: string, kind: string] {
    const { group, names, versions } = definition.spec as {
        group: string;
        names: { kind: string };
        versions: { name: string; served: boolean; storage: boolean }[];
    };
    const version = versions.find(({ storage }) => storage) ?? versions.find(({ served }) => served);
    return [`${group}/${version?.name ?? "v1"}`, names.kind];
}

/**
 * What may be removed, and what is said about the rest: CRDs in use stay, all of them, for with the last of them the
 * objects would go; and what a control plane still needs stays.
 * @param kubectl how one runs it on the cluster
 */
export function chooseLeftovers(
    leftovers: Leftovers,
    kubectl: string,
): { remove: KubernetesObject[]; notice?: string } {
    const { definitions, configMaps, inUse, controlPlanes } = leftovers;
    if (controlPlanes.length > 0) {
        return {
            remove: [],
            notice: `Another Istio still runs (${controlPlanes.map(displayName).join(", ")}): its CRDs and ConfigMaps stay.`,
        };
    }
    if (inUse.length > 0) {
        const names = definitions.map(({ metadata }) => metadata.name).join(" ");
        return {
            remove: configMaps,
            notice: [
                "Istio's CRDs stay, for they hold objects that were not deployed from here:",
                ...inUse.map((object) => `  ${displayName(object)}`),
                "Once these may go too, remove the CRDs together with them by",
                `  ${kubectl} delete crd ${names}`,
            ].join("\n"),
        };
    }
    return { remove: [...definitions, ...configMaps] };
}

/** Deletes objects and waits until they are gone. */
export async function removeObjects(
    api: ClusterApi,
    objects: readonly KubernetesObject[],
    stop?: AbortSignal,
): Promise<void> {
    await Promise.all(
        objects.map(async (object) => {
            await api.delete(object);
            await waitUntil(displayName(object), { timeout: TIMEOUT, stop }, async () =>
                (await api.read(object)) ? "is not gone" : undefined,
            );
        }),
    );
}
