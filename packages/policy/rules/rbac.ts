import { at, items, type Rule } from "../rule";

const BINDING = /^kubernetes:rbac\.authorization\.k8s\.io\/v1:(?:Cluster)?RoleBinding$/;
const ROLE = /^kubernetes:rbac\.authorization\.k8s\.io\/v1:(?:Cluster)?Role$/;

/** Users and groups that anybody, or any pod, belongs to. */
const EVERYBODY: unknown[] = [
    "system:anonymous",
    "system:unauthenticated",
    "system:authenticated",
    "system:serviceaccounts",
    "system:masters",
];

export const bindings: Rule = {
    name: "no-cluster-admin",
    description: "No binding gives the role cluster-admin, and none gives a role to everybody, or to every pod.",
    level: "mandatory",
    violations: ({ type, inputs }) =>
        BINDING.test(type)
            ? [
                  ...(at(inputs, "roleRef.name") === "cluster-admin"
                      ? ["Replace cluster-admin by a role with the permissions that are needed."]
                      : []),
                  ...items(inputs, "subjects")
                      .map((subject) => at(subject, "name"))
                      .filter((name) => EVERYBODY.includes(name))
                      .map((name) => `Take the subject ${String(name)} out of the binding.`),
              ]
            : [],
};

export const wildcards: Rule = {
    name: "no-rbac-wildcards",
    description: "A role lists what it allows: a wildcard also allows what is added to the cluster later.",
    level: "mandatory",
    violations: ({ type, inputs }) =>
        ROLE.test(type)
            ? items(inputs, "rules").flatMap((rule, index) =>
                  ["apiGroups", "resources", "verbs", "nonResourceURLs"]
                      .filter((key) => items(rule, key).some((item) => String(item).includes("*")))
                      .map((key) => `Replace "*" in rules[${index}].${key} by what is needed.`),
              )
            : [],
};
