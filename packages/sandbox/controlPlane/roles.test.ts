import { parseAllDocuments } from "yaml";
import { type PolicyRule, roleManifests, sandboxUsers, serviceRoles } from "./roles";

interface Manifest {
    kind: string;
    metadata: { name: string };
    rules?: PolicyRule[];
    roleRef?: { kind: string; name: string };
    subjects?: { kind: string; name: string }[];
}

const manifests = parseAllDocuments(roleManifests()).map((document) => document.toJS() as Manifest);
const rules = Object.values(serviceRoles).flat() as PolicyRule[];

describe("the roles of the sandbox's own services", () => {
    it("name each resource, without wildcards and without secrets", () => {
        for (const words of rules.flatMap(({ apiGroups, resources, verbs }) => [apiGroups, resources, verbs])) {
            expect(words).not.toContain("*");
            expect(words).not.toContain("secrets");
        }
    });

    it("allow only one write: the load balancer patches the status of Services", () => {
        const writing = rules.filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
        expect(writing).toEqual([{ apiGroups: [""], resources: ["services/status"], verbs: ["patch"] }]);
    });

    it("are bound only to the service's user", () => {
        const bindings = manifests.filter(({ kind }) => kind === "ClusterRoleBinding");
        expect(bindings.map(({ subjects }) => subjects?.map(({ kind, name }) => [kind, name]))).toEqual(
            Object.values(sandboxUsers).map((user) => [["User", user]]),
        );
        for (const { roleRef } of bindings) {
            expect(manifests).toContainEqual(
                expect.objectContaining({ kind: roleRef?.kind, metadata: { name: roleRef?.name } }),
            );
        }
    });

    it("have no names that begin with system:, which belong to Kubernetes", () => {
        for (const user of Object.values(sandboxUsers)) {
            expect(user).not.toMatch(/^system:/);
        }
    });
});
