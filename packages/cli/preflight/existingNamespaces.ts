import { ISTIO_NAMESPACE } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { uidsOf, writtenByIstiod } from "../../leftovers/written";
import { UserError } from "../../shared/errors";
import { stackFile } from "../../shared/project";
import type { Connection } from "../stack/connection";
import type { ExistingNamespaces } from "../stack/record";
import type { Stack } from "../stack/stack";
import { Progress } from "../terminal/progress";
import { type Namespaces, readNamespaces } from "./clusterFacts";

/** The namespaces that the program creates if they are not there. */
function namespacesOf({ appNamespace }: Stack): string[] {
    return [ISTIO_NAMESPACE, ...(appNamespace === "default" ? [] : [appNamespace])];
}

/**
 * The stack as it most likely deploys, for checks before its state is known: without a record, each namespace that is in the
 * cluster was there before.
 * @throws UserError if the stack's file lists a namespace that is not there
 */
export function presumeExisting({ stack, api }: Connection, namespaces: Namespaces): Stack {
    const live = stayingNamespaces(stack, namespaces);
    const missing = namespacesOf(stack).filter((name) => stack.listedNamespaces.includes(name) && !live.has(name));
    if (missing.length > 0) {
        throw new UserError(
            [
                `${stackFile(stack.name)} lists ${missing.join(" and ")} in cluster.existingNamespaces, but the cluster has no`,
                "such namespace. Nothing was changed. Create it, or take it off the list: then the deployment creates it.",
                ...missing.map((name) => `  ${api.kubectl} create namespace ${name}`),
            ].join("\n"),
        );
    }
    return stack.record ? stack : stack.withExistingNamespaces([...live.keys()]);
}

/**
 * The namespaces that were there before the stack: those in the cluster that it has not created.
 * @param isOwn whether the stack has created a namespace
 * @throws UserError if the stack's file lists a namespace that the stack has created
 */
export async function findExisting(
    { stack, api }: Connection,
    isOwn: (namespace: KubernetesObject) => boolean | Promise<boolean>,
): Promise<ExistingNamespaces> {
    const existing: ExistingNamespaces = {};
    // Not those of the preflight: what waited since may have changed them.
    const namespaces = await readNamespaces(api, namespacesOf(stack));
    for (const [name, namespace] of stayingNamespaces(stack, namespaces)) {
        const { uid = "" } = namespace.metadata;
        const recorded = stack.record?.existing?.[name];
        if (recorded?.uid === uid) {
            existing[name] = recorded;
        } else if (!(await isOwn(namespace))) {
            existing[name] = { uid, kept: name === ISTIO_NAMESPACE ? uidsOf(await writtenByIstiod(name, api)) : [] };
            new Progress().note(
                `Note: Namespace ${name} is there already: it is used and patched, and stays when the stack goes.`,
            );
        } else if (stack.listedNamespaces.includes(name)) {
            throw new UserError(
                `${stackFile(stack.name)} lists ${name} in cluster.existingNamespaces, but stack "${stack.name}" has created it, ` +
                    "and would delete it with everything in it. Nothing was changed. Take it off the list.",
            );
        }
    }
    return existing;
}

/** Those of the namespaces that are in the cluster and stay there. One that the user may not read is there if it is listed. */
function stayingNamespaces(stack: Stack, namespaces: Namespaces): Map<string, KubernetesObject> {
    const staying = namespacesOf(stack).flatMap((name) => {
        const unread = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
        const isUnread = !namespaces.has(name) && stack.listedNamespaces.includes(name);
        const namespace: KubernetesObject | undefined = isUnread ? unread : namespaces.get(name);
        return namespace?.metadata.deletionTimestamp === undefined ? (namespace ?? []) : [];
    });
    return new Map(staying.map((namespace) => [namespace.metadata.name, namespace]));
}
