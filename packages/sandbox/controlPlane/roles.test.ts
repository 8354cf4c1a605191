import { parseAllDocuments } from "yaml";
import { partRoles, type PolicyRule, roleManifests, sandboxUsers } from "./roles";

interface Manifest {
    kind: string;
    metadata: { name: string };
    rules?: PolicyRule[];
    roleRef?: { kind: string; name: string };
    subjects?: { kind: string; name: string }[];
}

const manifests = parseAllDocuments(roleManifests()).map((document) => document.toJS() as Manifest);
const rules = Object.values(partRoles).flat() as PolicyRule[];

describe("the roles of the sandbox's own parts", () => {
    it("name what they are for: no wildcard, no secrets", () => {
        for (const words of rules.flatMap(({ apiGroups, resources, verbs }) => [apiGroups, resources, verbs])) {
            expect(words).not.toContain("*");
            expect(words).not.toContain("secrets");
        }
    });

    it("let the load balancer write the status of Services, and nobody anything else", () => {
        const writing = rules.filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
        expect(writing).toEqual([{ apiGroups: [""], resources: ["services/status"], verbs: ["patch"] }]);
    });

    it("are bound to the part's user and to nobody else", () => {
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

    it("leave to Kubernetes the names that begin with system:", () => {
        for (const user of Object.values(sandboxUsers)) {
            expect(user).not.toMatch(/^system:/);
        }
    });
});
