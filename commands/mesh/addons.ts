import { type AddonName, ADDONS, ISTIO_NAMESPACE, SWITCHES } from "../../names";
import type { ClusterApi } from "../cluster/api";
import type { KubernetesObject } from "../cluster/object";

/** The add-ons' names, in the order in which they are shown. */
export const ADDON_NAMES = Object.keys(ADDONS) as AddonName[];

/** The config key that turns an add-on on. */
export function switchOf(addon: AddonName): string {
    return `istio.${SWITCHES[addon]}.enabled`;
}

/** The Deployment of an add-on; undefined where there is none. */
export function readAddon(api: ClusterApi, addon: AddonName): Promise<KubernetesObject | undefined> {
    const metadata = { name: addon, namespace: ISTIO_NAMESPACE };
    return api.read({ apiVersion: "apps/v1", kind: "Deployment", metadata });
}

/** The pods of an add-on, by the label that they carry. */
export function addonPods(api: ClusterApi, addon: AddonName): Promise<KubernetesObject[]> {
    return api.list("v1", "Pod", {
        labelSelector: `app=${addon}`,
        fieldSelector: `metadata.namespace=${ISTIO_NAMESPACE}`,
    });
}
