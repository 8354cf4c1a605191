import { ISTIO_NAMESPACE } from "../../names";
import { readStackFile } from "../program/projectConfig";
import { PROJECT_NAME } from "../project";

/** The namespaces that a stack deploys to: Istio's and, as far as the stack's file says it in clear, Bookinfo's. */
export function ownNamespaces(stack: string): ReadonlySet<string> {
    const config = readStackFile(stack)?.config ?? {};
    const app = (config[`${PROJECT_NAME}:app`] ?? config.app) as { namespace?: unknown } | undefined;
    return new Set([ISTIO_NAMESPACE, typeof app?.namespace === "string" ? app.namespace : "default"]);
}
