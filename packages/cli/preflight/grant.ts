import { createHash } from "node:crypto";
import type { ClusterApi } from "../../kubernetes/api";
import { shellWord } from "../../shared/shell";
import { readNamespaces } from "./clusterFacts";

/** Objects of one kind that the deployment creates or lists. */
export interface Need {
    /** API group; empty for the core group. */
    group: string;
    /** Plural name, with a subresource: `pods/log`. */
    resource: string;
    /** Undefined for all namespaces, and for kinds without namespaces. */
    namespace?: string;
    /** Default: all verbs of a deployment. */
    verbs?: readonly string[];
}

/** A need, with the verbs that the user may not use. */
export interface Lack extends Need {
    verbs: readonly string[];
}

/** What an administrator can grant a user. */
export interface Grant {
    /** The user's name in the cluster; undefined if the cluster does not tell. */
    user: string | undefined;
    /** The command that grants what is missing, and nothing else. */
    grant: string;
    /** The commands that take that away again. */
    revoke: string[];
}

/** What an administrator grants the user of these credentials. */
export async function grantOf(api: ClusterApi, lacks: readonly Lack[]): Promise<Grant> {
    const namespaces = lacks.flatMap(({ namespace = [] }) => namespace);
    const [user, found] = await Promise.all([userName(api), readNamespaces(api, namespaces)]);
    // A Role would go with a namespace that is being deleted.
    const existing = [...found].flatMap(([name, namespace]) =>
        namespace && namespace.metadata.deletionTimestamp === undefined ? [name] : [],
    );
    return { user, ...grantTo(user, lacks, ["default", ...existing]) };
}

/** The user's name in the cluster; undefined if the cluster does not tell. */
async function userName(api: ClusterApi): Promise<string | undefined> {
    const review = ["authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews"] as const;
    const status = await api.review<{ userInfo?: { username?: string } }>(...review).catch(() => undefined);
    return status?.userInfo?.username;
}

const RBAC = "rbac.authorization.k8s.io";

/**
 * The commands for one user and for exactly what that user lacks: Roles in the namespaces that exist, and a ClusterRole for the rest,
 * because a Role needs its namespace. Nothing else has their name: another grant, or another user's, stays as it is.
 * @param existing namespaces
 */
export function grantTo(
    user: string | undefined,
    lacks: readonly Lack[],
    existing: readonly string[],
): Pick<Grant, "grant" | "revoke"> {
    const subject = subjectOf(user);
    const hash = createHash("sha256")
        .update(JSON.stringify([subject, lacks]))
        .digest("hex");
    const name = `bookinfo-mesh-deployer-${hash.slice(0, 8)}`;
    const placeOf = ({ namespace }: Lack) => (existing.includes(namespace ?? "") ? namespace : undefined);
    const places = [...new Set(lacks.map(placeOf))];
    const items = places.flatMap((namespace) => {
        const rules = rulesOf(lacks.filter((lack) => placeOf(lack) === namespace));
        return rolePair({ name, namespace }, subject, rules);
    });
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    return {
        grant: `echo ${shellWord(list)} | kubectl apply --filename -`,
        revoke: places.map((namespace) =>
            namespace === undefined
                ? `kubectl delete clusterrolebinding,clusterrole ${name} --ignore-not-found`
                : `kubectl delete rolebinding,role ${name} --ignore-not-found --namespace ${namespace}`,
        ),
    };
}

/** A role, and what gives it to a user: of the whole cluster without a namespace. */
function rolePair(metadata: { name: string; namespace?: string }, subject: object, rules: readonly object[]) {
    const kind = metadata.namespace === undefined ? "ClusterRole" : "Role";
    const apiVersion = `${RBAC}/v1`;
    const roleRef = { apiGroup: RBAC, kind, name: metadata.name };
    return [
        { apiVersion, kind, metadata, rules },
        { apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects: [subject] },
    ];
}

/** Rules with what is missing: one for each set of verbs in a group. */
function rulesOf(lacks: readonly Lack[]): { apiGroups: string[]; resources: string[]; verbs: string[] }[] {
    const verbsOf = new Map<string, { need: Need; verbs: Set<string> }>();
    for (const { verbs, ...need } of lacks) {
        const key = `${need.group}/${need.resource}`;
        const entry = verbsOf.get(key) ?? { need, verbs: new Set() };
        // The API server lets nobody write a role with more than their own permissions, unless they may escalate.
        const more = /^(?:cluster)?roles$/.test(need.resource) && verbs.includes("create") ? ["escalate", "bind"] : [];
        [...verbs, ...more].forEach((verb) => entry.verbs.add(verb));
        verbsOf.set(key, entry);
    }
    const rules = new Map<string, { apiGroups: string[]; resources: string[]; verbs: string[] }>();
    for (const { need, verbs } of verbsOf.values()) {
        const key = [need.group, ...verbs].join();
        const rule = rules.get(key) ?? { apiGroups: [need.group], resources: [], verbs: [...verbs] };
        rule.resources.push(need.resource);
        rules.set(key, rule);
    }
    return [...rules.values()];
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

function subjectOf(user: string | undefined): Record<string, string | undefined> {
    const [, namespace, name] = SERVICE_ACCOUNT.exec(user ?? "") ?? [];
    return name === undefined
        ? { kind: "User", apiGroup: RBAC, name: user ?? "NAME" }
        : { kind: "ServiceAccount", name, namespace };
}

/** The command by which an administrator grants a user everything. */
export function adminCommand(user: string | undefined): string {
    const [, namespace = "", account] = SERVICE_ACCOUNT.exec(user ?? "") ?? [];
    const subject =
        account === undefined
            ? `--user=${shellWord(user ?? "NAME")}`
            : `--serviceaccount=${shellWord(`${namespace}:${account}`)}`;
    return `kubectl create clusterrolebinding bookinfo-mesh-admin --clusterrole=cluster-admin ${subject}`;
}
