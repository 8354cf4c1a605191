import { stringify } from "yaml";

/** A rule of a ClusterRole (Kubernetes API reference, PolicyRule). */
export interface PolicyRule {
    apiGroups: readonly string[];
    resources: readonly string[];
    verbs: readonly string[];
}

/** What those parts may do that Kubernetes has no default role for. */
export const partRoles = {
    // As CoreDNS documents for its plugin `kubernetes`; without `pods`, which only the option `pods verified` reads.
    coredns: [
        { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
    "load-balancer": [
        { apiGroups: [""], resources: ["services"], verbs: ["list", "watch"] },
        { apiGroups: [""], resources: ["services/status"], verbs: ["patch"] },
    ],
} as const satisfies Record<string, readonly PolicyRule[]>;

type PartWithRole = keyof typeof partRoles;
const parts = Object.keys(partRoles) as PartWithRole[];

/** The user name that each of those parts has, and its role as well. */
export const sandboxUsers = Object.fromEntries(parts.map((part) => [part, `sandbox:${part}`])) as Record<
    PartWithRole,
    string
>;

/** The roles and their bindings (YAML). */
export function roleManifests(): string {
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const apiGroup = "rbac.authorization.k8s.io";
    return parts
        .flatMap((part) => {
            const name = sandboxUsers[part];
            return [
                { apiVersion, kind: "ClusterRole", metadata: { name }, rules: partRoles[part] },
                {
                    apiVersion,
                    kind: "ClusterRoleBinding",
                    metadata: { name },
                    roleRef: { apiGroup, kind: "ClusterRole", name },
                    subjects: [{ apiGroup, kind: "User", name }],
                },
            ];
        })
        .map((object) => stringify(object))
        .join("---\n");
}
