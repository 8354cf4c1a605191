import { stringify } from "yaml";

/** A rule of a ClusterRole (Kubernetes API reference, PolicyRule). */
export interface PolicyRule {
    apiGroups: readonly string[];
    resources: readonly string[];
    verbs: readonly string[];
}

/** Permissions of the services for which Kubernetes has no default role. */
export const serviceRoles = {
    // As CoreDNS documents for its plugin `kubernetes`. Only its option `pods verified` needs `pods` too.
    coredns: [
        { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
    // Its network policies alone need these.
    "kube-router": [
        { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
        { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"] },
    ],
    "load-balancer": [
        { apiGroups: [""], resources: ["services"], verbs: ["list", "watch"] },
        { apiGroups: [""], resources: ["services/status"], verbs: ["patch"] },
    ],
} as const satisfies Record<string, readonly PolicyRule[]>;

const services = Object.keys(serviceRoles) as (keyof typeof serviceRoles)[];

/** The user name of each of these services, which is also the name of its role. */
export const sandboxUsers = Object.fromEntries(services.map((service) => [service, `sandbox:${service}`])) as Record<
    keyof typeof serviceRoles,
    string
>;

/** The roles and their bindings (YAML). */
export function roleManifests(): string {
    const apiGroup = "rbac.authorization.k8s.io";
    const apiVersion = `${apiGroup}/v1`;
    return services
        .flatMap((service) => {
            const name = sandboxUsers[service];
            return [
                { apiVersion, kind: "ClusterRole", metadata: { name }, rules: serviceRoles[service] },
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
