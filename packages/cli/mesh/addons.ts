import type { Duplex } from "node:stream";
import {
    type AddonName,
    ADDONS,
    BOOKINFO_PAGE,
    ISTIO_NAMESPACE,
    type RELEASES,
    SWITCHES,
} from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject, ObjectReference } from "../../kubernetes/object";
import { isReadyPod } from "../../kubernetes/readiness";
import { UserError } from "../../shared/errors";

/** In the order in which they are shown. */
export const ADDON_NAMES = Object.keys(ADDONS) as AddonName[];

/** A page that the dashboard command shows: that of an add-on, or Bookinfo's own. */
export type PageName = AddonName | typeof BOOKINFO_PAGE.name;

export const PAGE_NAMES: PageName[] = [...ADDON_NAMES, BOOKINFO_PAGE.name];

export function switchOf(addon: AddonName): string {
    return `istio.${SWITCHES[addon]}.enabled`;
}

export function deploymentOf(name: AddonName | typeof RELEASES.istiod): ObjectReference {
    return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: ISTIO_NAMESPACE } };
}

export async function isDeployed(api: ClusterApi, addon: AddonName): Promise<boolean> {
    return (await api.read(deploymentOf(addon))) !== undefined;
}

export function addonPods(api: ClusterApi, addon: AddonName): Promise<KubernetesObject[]> {
    return api.list("v1", "Pod", {
        labelSelector: `app=${addon}`,
        fieldSelector: `metadata.namespace=${ISTIO_NAMESPACE}`,
    });
}

/** Opens a connection to a ready pod of an add-on. @throws UserError if no pod is ready */
export async function connectToAddon(api: ClusterApi, addon: AddonName): Promise<Duplex> {
    const pod = (await addonPods(api, addon)).find(isReadyPod);
    if (!pod) {
        throw new UserError("no pod is ready");
    }
    return api.connectToPod({ namespace: ISTIO_NAMESPACE, name: pod.metadata.name }, ADDONS[addon].port);
}
