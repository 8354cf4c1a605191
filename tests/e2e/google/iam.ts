import { type Inputs, type Kind, stringAt, valueAt, withScope } from "./kind";

/*
 * APIs, service accounts and roles. Sources:
 * - immutable fields: ForceNew in hashicorp/terraform-provider-google 7.45, services/resourcemanager and tpgiamresource
 * - automatic names: pulumi/pulumi-gcp, provider/resources.go
 */

/** The id of a project, which may be given by its number: emails and workload pools have the id. */
export function projectIdOf(project: string): string {
    return /^\d+$/.test(project) ? `project-${project}` : project;
}

/** Id of a service account, given by its email address; undefined if it is of another project. */
export function accountId(email: string, project: string): string | undefined {
    return email.endsWith(`@${projectIdOf(project)}.iam.gserviceaccount.com`)
        ? `projects/${project}/serviceAccounts/${email}`
        : undefined;
}

const emailOf = (resolved: Inputs) =>
    `${stringAt(resolved, "accountId")}@${projectIdOf(stringAt(resolved, "project"))}.iam.gserviceaccount.com`;

/** An API that is enabled in a project. */
export const service: Kind = {
    type: "gcp:projects/service:Service",
    module: "projects/service",
    immutable: ["service", "project"],
    idempotent: true,
    check: (inputs) =>
        stringAt(inputs, "service").endsWith(".googleapis.com")
            ? []
            : [{ property: "service", reason: "expected a name such as compute.googleapis.com" }],
    resolve: (inputs, scope) => withScope(inputs, scope, "project"),
    id: ({ project, service }) => `${String(project)}/${String(service)}`,
    references: () => [],
    computed: () => ({}),
};

const ACCOUNT_ID = /^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/;

export const account: Kind = {
    type: "gcp:serviceaccount/account:Account",
    module: "serviceaccount/account",
    api: "iam.googleapis.com",
    autoName: { field: "accountId", limit: 30 },
    immutable: ["accountId", "project"],
    check: (inputs) => {
        const id = stringAt(inputs, "accountId");
        return ACCOUNT_ID.test(id)
            ? []
            : [{ property: "accountId", reason: `"${id}" must match regex ${ACCOUNT_ID.source} (6 to 30 characters)` }];
    },
    resolve: (inputs, scope) => withScope(inputs, scope, "project"),
    id: (resolved) => `projects/${stringAt(resolved, "project")}/serviceAccounts/${emailOf(resolved)}`,
    references: () => [],
    computed: (resolved, id) => ({
        email: emailOf(resolved),
        member: `serviceAccount:${emailOf(resolved)}`,
        name: id,
        uniqueId: "1",
    }),
};

/** A role of a member in a project. */
export const member: Kind = {
    type: "gcp:projects/iAMMember:IAMMember",
    module: "projects/iammember",
    api: "cloudresourcemanager.googleapis.com",
    immutable: ["role", "member", "condition", "project"],
    deleteFirst: true,
    idempotent: true,
    check: (inputs) => [
        ...(/^(user|serviceAccount|group|domain|principal|principalSet):/.test(stringAt(inputs, "member"))
            ? []
            : [{ property: "member", reason: `invalid value for member: ${stringAt(inputs, "member")}` }]),
        ...(/^(roles|projects\/[^/]+\/roles|organizations\/\d+\/roles)\//.test(stringAt(inputs, "role"))
            ? []
            : [{ property: "role", reason: `invalid role ${stringAt(inputs, "role")}` }]),
    ],
    resolve: (inputs) => inputs,
    id: ({ project, role, member }) => [project, role, member].map(String).join("/"),
    references: (resolved) => {
        const id = accountId(
            stringAt(resolved, "member").replace("serviceAccount:", ""),
            stringAt(resolved, "project"),
        );
        return id === undefined ? [] : [{ id, onDelete: "ignore" }];
    },
    computed: (resolved) => ({ etag: "BwYAAAAAAAA=", condition: valueAt(resolved, "condition") }),
};
