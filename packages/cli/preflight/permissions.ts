import { ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { doInOrder } from "../../shared/schedule";
import type { Step } from "../render/step";
import { shellWord } from "../../shared/shell";

/** What the deployment does with objects: Helm, the engine and these commands alike. */
const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"] as const;

/** Questions to the API server that are under way at once. */
const AT_ONCE = 16;

const REVIEWS = ["authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews"] as const;

/** Objects of one kind, which the deployment makes. */
export interface Need {
    /** API group; empty for the core. */
    group: string;
    /** Plural name. */
    resource: string;
    /** Undefined for kinds that are in no namespace, and for all namespaces. */
    namespace?: string;
    /** What is done with them. Default: everything that is done with what is deployed. */
    verbs?: readonly string[];
}

/** A need, and what the user may not do with it. */
export interface Lack extends Need {
    verbs: readonly string[];
}

/** What these commands look at in all namespaces: Helm's releases, and what failed in an earlier run. */
const LOOKED_AT: Need[] = [
    { group: "", resource: "secrets", verbs: ["list"] },
    { group: "", resource: "pods", verbs: ["list"] },
    { group: "apps", resource: "replicasets", verbs: ["list"] },
];

type Kinds = Record<string, string[]>;

const WORKLOAD: Kinds = {
    v1: ["ConfigMap", "Service", "ServiceAccount"],
    "apps/v1": ["Deployment"],
};

/** The kinds in each chart, by API version. Beside them, Helm keeps its releases in Secrets. */
export const CHART_KINDS: Record<string, Kinds> = {
    [RELEASES.base]: {
        v1: ["ServiceAccount"],
        "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
        "admissionregistration.k8s.io/v1": ["ValidatingWebhookConfiguration"],
    },
    [RELEASES.istiod]: {
        ...WORKLOAD,
        "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        "admissionregistration.k8s.io/v1": ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    },
    [RELEASES.gateway]: {
        v1: ["Service", "ServiceAccount"],
        "apps/v1": ["Deployment"],
        "rbac.authorization.k8s.io/v1": ["Role", "RoleBinding"],
    },
    [KIALI_RELEASE]: {
        ...WORKLOAD,
        "networking.k8s.io/v1": ["NetworkPolicy"],
        "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding"],
    },
};

/** Kinds of the charts that are in no namespace. */
const CLUSTER_WIDE = /^(?:CustomResourceDefinition|ClusterRole|ClusterRoleBinding|.*WebhookConfiguration)$/;

/** What steps need, each kind once for each namespace. */
export function needsOf(steps: readonly Step[]): Need[] {
    const needs = steps.flatMap((step) =>
        step.type === "release"
            ? releaseNeeds(step.release.name, step.release.namespace, step.release.values)
            : [needOf(step.object.apiVersion, step.object.kind, step.object.metadata.namespace)],
    );
    return [...new Map([...needs, ...LOOKED_AT].map((need) => [JSON.stringify(need), need])).values()];
}

/** What Istio's releases alone need: for a program that only the engine can read the config of. */
export function istioNeeds(): Need[] {
    return [...Object.values(RELEASES).flatMap((name) => releaseNeeds(name, ISTIO_NAMESPACE, {})), ...LOOKED_AT];
}

function releaseNeeds(name: string, namespace: string, values: Record<string, unknown>): Need[] {
    const kinds = Object.entries({ ...CHART_KINDS[name], ...(isScaled(values) && SCALED) });
    return [
        needOf("v1", "Secret", namespace),
        ...kinds.flatMap(([apiVersion, names]) =>
            names.map((kind) => needOf(apiVersion, kind, CLUSTER_WIDE.test(kind) ? undefined : namespace)),
        ),
    ];
}

const SCALED: Kinds = { "autoscaling/v2": ["HorizontalPodAutoscaler"] };

/** Whether a release of Istio has an autoscaler: by the values of the charts istiod and gateway. */
function isScaled({ autoscaleEnabled, autoscaling }: { autoscaleEnabled?: unknown; autoscaling?: unknown }): boolean {
    return autoscaleEnabled === true || (autoscaling as { enabled?: unknown } | undefined)?.enabled === true;
}

function needOf(apiVersion: string, kind: string, namespace: string | undefined): Need {
    const group = apiVersion.includes("/") ? apiVersion.replace(/\/.*/, "") : "";
    return { group, resource: pluralOf(kind), ...(namespace !== undefined && { namespace }) };
}

/** The plural name of a kind, by the rules of English: the kind may come with the deployment, and not be known yet. */
export function pluralOf(kind: string): string {
    const name = kind.toLowerCase();
    return name.endsWith("s") ? `${name}es` : `${name.replace(/(?<=[^aeiou])y$/, "ie")}s`;
}

/** Whether the user may do anything: then nothing else needs to be asked. */
export async function mayDoAnything(api: ClusterApi): Promise<boolean> {
    return isAllowed(api, { group: "*", resource: "*" }, "*");
}

/** What of the needs the user lacks. */
export async function findLacks(api: ClusterApi, needs: readonly Need[], stop?: AbortSignal): Promise<Lack[]> {
    const questions = needs.flatMap((need, index) =>
        (need.verbs ?? VERBS).map((verb) => ({ name: `${String(index)} ${verb}`, needs: [], need, verb })),
    );
    const refused = new Map<Need, string[]>();
    await doInOrder(questions, AT_ONCE, stop, async ({ need, verb }) => {
        if (!(await isAllowed(api, need, verb))) {
            refused.set(need, [...(refused.get(need) ?? []), verb]);
        }
    });
    return needs.flatMap((need) => {
        const verbs = (need.verbs ?? VERBS).filter((verb) => refused.get(need)?.includes(verb));
        return verbs.length === 0 ? [] : [{ ...need, verbs }];
    });
}

async function isAllowed(api: ClusterApi, need: Need, verb: string): Promise<boolean> {
    const { group, resource, namespace } = need;
    try {
        const { allowed } = await api.review<{ allowed: boolean }>(...REVIEWS, {
            resourceAttributes: { group, resource, namespace, verb },
        });
        return allowed;
    } catch (error) {
        if (error instanceof ApiError && error.status === 403) {
            // Who may not even ask is told by what is refused later.
            return true;
        }
        throw error;
    }
}

/** Lacks as lines to read: each kind once, with its namespaces. */
export function lackLines(lacks: readonly Lack[]): string[] {
    const byKind = new Map<string, { verbs: Set<string>; namespaces: Set<string> }>();
    for (const { group, resource, namespace, verbs } of lacks) {
        const kind = group === "" ? resource : `${resource}.${group}`;
        const entry = byKind.get(kind) ?? { verbs: new Set(), namespaces: new Set() };
        verbs.forEach((verb) => entry.verbs.add(verb));
        entry.namespaces.add(namespace === undefined ? "in the whole cluster" : `in ${namespace}`);
        byKind.set(kind, entry);
    }
    return [...byKind].map(
        ([kind, { verbs, namespaces }]) => `${kind}: ${[...verbs].join(", ")} (${[...namespaces].join(", ")})`,
    );
}

/** Who the user is to the cluster; undefined where it does not say. */
export async function userName(api: ClusterApi): Promise<string | undefined> {
    const review = ["authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews"] as const;
    const { userInfo } = await api
        .review<{ userInfo?: { username?: string } }>(...review)
        .catch((): { userInfo?: { username?: string } } => ({}));
    return userInfo?.username;
}

/** The command by which an administrator gives a user all that the deployment needs. */
export function grantCommand(user: string | undefined): string {
    const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? "") ?? [];
    const subject =
        account === undefined
            ? `--user=${shellWord(user ?? "NAME")}`
            : `--serviceaccount=${namespace ?? ""}:${account}`;
    return `kubectl create clusterrolebinding bookinfo-mesh-admin --clusterrole=cluster-admin ${subject}`;
}
