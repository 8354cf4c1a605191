import { get, type Inputs, type Kind, located, text } from "./kind";

/*
 * Services, accounts and roles. Immutable fields: those marked ForceNew in hashicorp/terraform-provider-google 7.45,
 * services/resourcemanager and tpgiamresource. Automatic names: pulumi/pulumi-gcp, provider/resources.go.
 */

/** Id of a service account, given by its address; undefined where it is not one of the project's own. */
export function accountId(email: string, project: string): string | undefined {
    return email.endsWith(`@${project}.iam.gserviceaccount.com`)
        ? `projects/${project}/serviceAccounts/${email}`
        : undefined;
}

const emailOf = (settled: Inputs) =>
    `${text(settled, "accountId")}@${text(settled, "project")}.iam.gserviceaccount.com`;

/** An API of Google's, enabled in a project. */
export const service: Kind = {
    type: "gcp:projects/service:Service",
    module: "projects/service",
    immutable: ["service", "project"],
    idempotent: true,
    check: (inputs) =>
        text(inputs, "service").endsWith(".googleapis.com")
            ? []
            : [{ property: "service", reason: `expected a name such as compute.googleapis.com` }],
    settle: (inputs, scope) => located(inputs, scope, "project"),
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
        const id = text(inputs, "accountId");
        return ACCOUNT_ID.test(id)
            ? []
            : [{ property: "accountId", reason: `"${id}" must match regex ${ACCOUNT_ID.source} (6 to 30 characters)` }];
    },
    settle: (inputs, scope) => located(inputs, scope, "project"),
    id: (settled) => `projects/${text(settled, "project")}/serviceAccounts/${emailOf(settled)}`,
    references: () => [],
    computed: (settled, id) => ({
        email: emailOf(settled),
        member: `serviceAccount:${emailOf(settled)}`,
        name: id,
        uniqueId: "1",
    }),
};

/** A role of one member in a project. */
export const member: Kind = {
    type: "gcp:projects/iAMMember:IAMMember",
    module: "projects/iammember",
    api: "cloudresourcemanager.googleapis.com",
    immutable: ["role", "member", "condition", "project"],
    deleteFirst: true,
    idempotent: true,
    check: (inputs) => [
        ...(/^(user|serviceAccount|group|domain|principal|principalSet):/.test(text(inputs, "member"))
            ? []
            : [{ property: "member", reason: `invalid value for member: ${text(inputs, "member")}` }]),
        ...(/^(roles|projects\/[^/]+\/roles|organizations\/\d+\/roles)\//.test(text(inputs, "role"))
            ? []
            : [{ property: "role", reason: `invalid role ${text(inputs, "role")}` }]),
    ],
    settle: (inputs) => inputs,
    id: ({ project, role, member }) => [project, role, member].map(String).join("/"),
    references: (settled) => {
        const id = accountId(text(settled, "member").replace("serviceAccount:", ""), text(settled, "project"));
        return id === undefined ? [] : [{ id, onDelete: "ignore" }];
    },
    computed: (settled) => ({ etag: "BwYAAAAAAAA=", condition: get(settled, "condition") }),
};
