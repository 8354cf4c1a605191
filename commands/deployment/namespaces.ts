import { BOOKINFO_SERVICES } from "../../components/bookinfo/services";
import { ISTIO_NAMESPACE } from "../../names";
import type { KubernetesObject } from "../cluster/object";
import { readStackFile } from "../program/projectConfig";
import { PROJECT_NAME } from "../project";

/** Bookinfo's namespace, as far as the stack's file says it in clear. */
export function appNamespaceOf(stack: string): string {
    const config = readStackFile(stack)?.config ?? {};
    const app = (config[`${PROJECT_NAME}:app`] ?? config.app) as { namespace?: unknown } | undefined;
    return typeof app?.namespace === "string" ? app.namespace : "default";
}

/**
 * Tells what the program deploys, and what belongs to that, from other objects: everything in Istio's namespace and, in
 * Bookinfo's, which others may use as well, what carries the label of one of Bookinfo's services.
 */
export function isOwnIn(appNamespace: string): (object: KubernetesObject) => boolean {
    const apps = new Set(BOOKINFO_SERVICES.map(({ name }) => name));
    return ({ metadata: { namespace, labels } }) =>
        namespace === ISTIO_NAMESPACE || (namespace === appNamespace && apps.has(labels?.app ?? ""));
}
