import { CNI_RELEASE, ISTIO_NAMESPACE, KIALI_RELEASE, NAMESPACE_NAME, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { UserError } from "../../shared/errors";
import type { ObjectStep, PatchStep, Step } from "../render/step";
import { stepsOf } from "../render/steps";
import type { Stack } from "../stack/stack";
import { adminCommand, grantOf, type Lack, type Need } from "./grant";

/** The end of every error before a deployment. */
export const NOTHING_CHANGED = "Nothing was changed. Do this, then run the command again.";

/** What Helm, the engine and these commands do with objects. */
const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"] as const;

/** Number of requests to the API server at the same time. */
const AT_ONCE = 16;

/**
 * What these commands list in all namespaces: what failed in an earlier run, and what still uses Istio. Secrets are not among it:
 * Helm's releases are all in one namespace. What istiod writes into each namespace is removed at the end.
 */
const LISTED: Need[] = [
    { group: "", resource: "pods", verbs: ["list"] },
    { group: "", resource: "configmaps", verbs: ["get", "list", "delete"] },
    { group: "apps", resource: "deployments", verbs: ["list"] },
    { group: "apps", resource: "replicasets", verbs: ["list"] },
];

/** The kinds of Istio's CRDs (chart base, files/crd-all.gen.yaml): none may be in use when the CRDs go. */
export const ISTIO_RESOURCES: Record<string, string[]> = {
    "networking.istio.io": [
        ...["destinationrules", "envoyfilters", "gateways", "proxyconfigs", "serviceentries"],
        ...["sidecars", "virtualservices", "workloadentries", "workloadgroups"],
    ],
    "security.istio.io": ["authorizationpolicies", "peerauthentications", "requestauthentications"],
    "telemetry.istio.io": ["telemetries"],
    "extensions.istio.io": ["trafficextensions", "wasmplugins"],
};

type Kinds = Record<string, string[]>;

const WORKLOAD: Kinds = {
    v1: ["ConfigMap", "Service", "ServiceAccount"],
    "apps/v1": ["Deployment"],
};

/** The kinds in each chart, by API version. Helm also keeps its releases in Secrets. */
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
    [CNI_RELEASE]: {
        v1: ["ConfigMap", "ServiceAccount"],
        "apps/v1": ["DaemonSet"],
        "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding"],
    },
    [KIALI_RELEASE]: {
        ...WORKLOAD,
        "networking.k8s.io/v1": ["NetworkPolicy"],
    },
};

/** The kind that a chart adds if autoscaling is on. */
const SCALED: Kinds = { "autoscaling/v2": ["HorizontalPodAutoscaler"] };

/** What the chart `cni` adds on a platform: for pods of its priority, and for Multus, which calls CNI plugins. */
const CNI_ON: Record<string, Need[]> = {
    gke: [needOf("v1", "ResourceQuota", ISTIO_NAMESPACE)],
    openshift: [needOf("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "default")],
};

/** Kinds of the charts without namespaces. */
const CLUSTER_WIDE = /^(?:CustomResourceDefinition|ClusterRole|ClusterRoleBinding|.*WebhookConfiguration)$/;

/**
 * What `verify`, `load`, `dashboard` and messages about failures use, and how `up` makes the cluster try at once what failed in an earlier
 * run. A deployment succeeds without it.
 */
export function furtherNeeds(appNamespace: string): Need[] {
    const inNamespace = (namespace: string): Need[] => [
        { group: "", resource: "pods", namespace, verbs: ["delete"] },
        { group: "apps", resource: "replicasets", namespace, verbs: ["patch"] },
        { group: "", resource: "pods/log", namespace, verbs: ["get"] },
        { group: "", resource: "pods/exec", namespace, verbs: ["get", "create"] },
        { group: "", resource: "pods/portforward", namespace, verbs: ["get", "create"] },
        { group: "", resource: "pods/proxy", namespace, verbs: ["get"] },
        { group: "", resource: "services/proxy", namespace, verbs: ["get"] },
    ];
    return [
        { group: "", resource: "nodes", verbs: ["list"] },
        { group: "", resource: "services", verbs: ["list"] },
        ...[...new Set([ISTIO_NAMESPACE, appNamespace])].flatMap(inNamespace),
    ];
}

/**
 * What Helm and the engine watch in a namespace until its Deployments and Services are ready. The engine's Kubernetes provider waits
 * without an end for what it may not watch (provider/pkg/await/deployment.go and service.go).
 */
function watchedIn(namespace: string): Need[] {
    const verbs = ["list", "watch"];
    const kinds = ["pods", "persistentvolumeclaims", "endpoints"];
    return [
        ...kinds.map((resource) => ({ group: "", resource, namespace, verbs })),
        { group: "apps", resource: "replicasets", namespace, verbs },
    ];
}

/** The namespace in which a step waits until something is ready; undefined if it waits for nothing. */
function waitingIn(step: Step): string | undefined {
    if (step.type === "release") {
        return step.release.namespace;
    }
    const isAwaited = step.type === "object" && ["Deployment", "Service"].includes(step.object.kind);
    return isAwaited ? step.object.metadata.namespace : undefined;
}

/** The needs of steps, each kind once for each namespace. */
export function needsOf(steps: readonly Step[]): Need[] {
    const namespaces = new Set(steps.map(waitingIn).filter((namespace) => namespace !== undefined));
    const needs = steps.flatMap((step) =>
        step.type === "release"
            ? releaseNeeds(step.release.name, step.release.namespace, step.release.values)
            : step.type === "wait"
              ? []
              : [needOfObject(step)],
    );
    const all = [...needs, ...[...namespaces].flatMap(watchedIn), ...listed()];
    return [...new Map(all.map((need) => [JSON.stringify(need), need])).values()];
}

/** The needs of Istio's releases only, if the config cannot be read here. */
export function istioNeeds(): Need[] {
    const ofReleases = Object.values(RELEASES).flatMap((name) => releaseNeeds(name, ISTIO_NAMESPACE, {}));
    return [...ofReleases, ...watchedIn(ISTIO_NAMESPACE), ...listed()];
}

function listed(): Need[] {
    const ofIstio = Object.entries(ISTIO_RESOURCES).flatMap(([group, resources]) =>
        resources.map((resource) => ({ group, resource, verbs: ["list"] })),
    );
    return [...LISTED, ...ofIstio];
}

function releaseNeeds(name: string, namespace: string, values: Record<string, unknown>): Need[] {
    const autoscaling = values.autoscaling as { enabled?: unknown } | undefined;
    const isScaled = values.autoscaleEnabled === true || autoscaling?.enabled === true;
    const { platform } = (values.global ?? {}) as { platform?: string };
    const ofPlatform = name === CNI_RELEASE ? (CNI_ON[platform ?? ""] ?? []) : [];
    const kinds = Object.entries({ ...CHART_KINDS[name], ...(isScaled && SCALED) });
    return [
        needOf("v1", "Secret", namespace),
        ...ofPlatform,
        ...(name === KIALI_RELEASE ? rolesOfKiali(values) : []),
        ...kinds.flatMap(([apiVersion, names]) =>
            names.map((kind) => needOf(apiVersion, kind, CLUSTER_WIDE.test(kind) ? undefined : namespace)),
        ),
    ];
}

/** Kiali's chart looks for the namespaces that its values select by name, and creates Roles there; or ClusterRoles. */
function rolesOfKiali({ deployment }: Record<string, unknown>): Need[] {
    const { cluster_wide_access: everywhere = true, discovery_selectors: selectors } = (deployment ?? {}) as {
        cluster_wide_access?: boolean;
        discovery_selectors?: { default?: { matchLabels?: Record<string, string> }[] };
    };
    const needs = (kinds: string[], namespace?: string) =>
        kinds.map((kind) => needOf("rbac.authorization.k8s.io/v1", kind, namespace));
    if (everywhere) {
        return needs(["ClusterRole", "ClusterRoleBinding"]);
    }
    const selected = selectors?.default?.map(({ matchLabels }) => matchLabels?.[NAMESPACE_NAME]) ?? [];
    const namespaces = new Set([ISTIO_NAMESPACE, ...selected.filter((name) => name !== undefined)]);
    return [
        { group: "", resource: "namespaces", verbs: ["list"] },
        ...[...namespaces].flatMap((namespace) => needs(["Role", "RoleBinding"], namespace)),
    ];
}

/** An object of others is only read and patched. */
function needOfObject({ type, object }: ObjectStep | PatchStep): Need {
    const need = needOf(object.apiVersion, object.kind, object.metadata.namespace);
    return type === "patch" ? { ...need, verbs: ["get", "patch"] } : need;
}

function needOf(apiVersion: string, kind: string, namespace: string | undefined): Need {
    const group = apiVersion.includes("/") ? apiVersion.replace(/\/.*/, "") : "";
    return { group, resource: pluralOf(kind), ...(namespace !== undefined && { namespace }) };
}

/** The plural name of a kind, by the rules of English: the cluster may not know the kind before the deployment. */
export function pluralOf(kind: string): string {
    const name = kind.toLowerCase();
    return name.endsWith("s") ? `${name}es` : `${name.replace(/(?<=[^aeiou])y$/, "ie")}s`;
}

/** @throws UserError with the permissions that the user of a stack lacks, and the remedy */
export async function refuseMissingPermissions(stack: Stack, api: ClusterApi, stop: AbortSignal): Promise<void> {
    if (await isAllowed(api, { group: "*", resource: "*" }, "*")) {
        return;
    }
    const lacks = await findLacks(api, await needsOfProgram(stack, stop));
    if (lacks.length > 0) {
        const { user, grant, revoke } = await grantOf(api, lacks);
        throw new UserError(
            [
                `${user === undefined ? "the user" : `"${user}"`} of context "${stack.cluster.context}" lacks permissions:`,
                ...lackLines(lacks).map((line) => `  ${line}`),
                "Istio's charts create ClusterRoles, so this may also give and bind roles (escalate, bind). An administrator runs:",
                `  ${grant}`,
                "After `down`, this takes it away again:",
                ...revoke.map((command) => `  ${command}`),
                "If you trust the user with everything, the role cluster-admin does it too, and needs no update with a later version:",
                `  ${adminCommand(user)}`,
                NOTHING_CHANGED,
            ].join("\n"),
        );
    }
}

/**
 * What an administrator grants so that a user's commands see everything, although the user can deploy.
 * @returns lines; undefined if nothing is missing
 */
export async function furtherGrant({ appNamespace }: Stack, api: ClusterApi): Promise<string[] | undefined> {
    const lacks = await findLacks(api, furtherNeeds(appNamespace));
    if (lacks.length === 0) {
        return undefined;
    }
    const { grant, revoke } = await grantOf(api, lacks);
    return [
        "The user lacks permissions that `verify`, `load`, `dashboard` and messages about failures need:",
        ...lackLines(lacks).map((line) => `  ${line}`),
        "An administrator runs:",
        `  ${grant}`,
        "Before `down`, or at any time, this takes it away again:",
        ...revoke.map((command) => `  ${command}`),
    ];
}

async function needsOfProgram(stack: Stack, stop: AbortSignal): Promise<Need[]> {
    try {
        return needsOf(stepsOf(await stack.declaration(stop)));
    } catch (error) {
        if (error instanceof UserError) {
            // Only the engine can read the config, or it is faulty: then the deployment lists all its faults later.
            return istioNeeds();
        }
        throw error;
    }
}

export async function findLacks(api: ClusterApi, needs: readonly Need[]): Promise<Lack[]> {
    const questions = needs.flatMap((need) => (need.verbs ?? VERBS).map((verb) => ({ need, verb })));
    const refused: typeof questions = [];
    for (let start = 0; start < questions.length; start += AT_ONCE) {
        const asked = questions.slice(start, start + AT_ONCE);
        const allowed = await Promise.all(asked.map(({ need, verb }) => isAllowed(api, need, verb)));
        refused.push(...asked.filter((_, index) => !allowed[index]));
    }
    return needs.flatMap((need) => {
        const verbs = refused.filter((each) => each.need === need).map(({ verb }) => verb);
        return verbs.length === 0 ? [] : [{ ...need, verbs }];
    });
}

async function isAllowed(api: ClusterApi, { group, resource: path, namespace }: Need, verb: string): Promise<boolean> {
    const review = ["authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews"] as const;
    const [resource = "", subresource] = path.split("/");
    const resourceAttributes = { group, resource, ...(subresource !== undefined && { subresource }), namespace, verb };
    const answer = await unlessForbidden(() => api.review<{ allowed: boolean }>(...review, { resourceAttributes }));
    // A user who may not ask learns it from later refusals.
    return answer?.allowed ?? true;
}

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
