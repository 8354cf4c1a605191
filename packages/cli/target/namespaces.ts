import { BOOKINFO_NAMES, ISTIO_NAMESPACE } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { readStackFile } from "../program/projectConfig";
import { PROJECT_NAME } from "../../shared/project";

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
    const apps = new Set<string>(BOOKINFO_NAMES);
    return ({ metadata: { namespace, labels } }) =>
        namespace === ISTIO_NAMESPACE || (namespace === appNamespace && apps.has(labels?.app ?? ""));
}
