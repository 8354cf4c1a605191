import type { DeclaredResource } from "../program/declaration";

/** A resource that becomes a step, and the URNs of the steps that must be done before it. */
export interface OrderedResource {
    resource: DeclaredResource;
    needs: string[];
}

/**
 * Kinds that others of the same depth lean on without saying so: a Deployment names its ServiceAccount and ConfigMap.
 * What is not listed comes last.
 */
const KIND_ORDER = [
    "Namespace",
    "CustomResourceDefinition",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "Release",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
];

/**
 * Puts the resources that become steps in an order in which every step comes after those that it needs. What becomes no
 * step (components, providers, reads) hands its own dependencies on. The order depends on what is declared alone, not on
 * when it was registered.
 * @throws Error where the dependencies go round in a circle
 */
export function orderResources(
    resources: readonly DeclaredResource[],
    isStep: (resource: DeclaredResource) => boolean,
): OrderedResource[] {
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const steps = new Map<string, { resource: DeclaredResource; needs: Set<string>; depth: number }>();
    const through = new Map<string, Set<string>>();
    const onTheWay = new Set<string>();

    /** The nearest steps that a resource waits for: its dependencies and its parent, or what stands behind them. */
    function needsOf(resource: DeclaredResource): Set<string> {
        const known = through.get(resource.urn);
        if (known) {
            return known;
        }
        if (onTheWay.has(resource.urn)) {
            throw new Error(`the dependencies of ${[...onTheWay].join(" -> ")} go round in a circle`);
        }
        onTheWay.add(resource.urn);
        const needs = new Set<string>();
        for (const urn of [...resource.dependencies, resource.parent]) {
            const dependency = urn === undefined ? undefined : byUrn.get(urn);
            if (dependency) {
                const inner = needsOf(dependency);
                (isStep(dependency) ? [dependency.urn] : inner).forEach((need) => needs.add(need));
            }
        }
        onTheWay.delete(resource.urn);
        through.set(resource.urn, needs);
        if (isStep(resource)) {
            const depth = Math.max(0, ...[...needs].map((need) => (steps.get(need)?.depth ?? 0) + 1));
            steps.set(resource.urn, { resource, needs, depth });
        }
        return needs;
    }
    resources.forEach(needsOf);

    const inOrder = [...steps.values()].sort(
        (a, b) => a.depth - b.depth || rank(a.resource) - rank(b.resource) || compare(sortKey(a), sortKey(b)),
    );
    const position = new Map(inOrder.map(({ resource }, index) => [resource.urn, index]));
    return inOrder.map(({ resource, needs }) => ({
        resource,
        needs: withoutImplied([...needs], (urn) => steps.get(urn)?.needs ?? new Set()).sort(
            (a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0),
        ),
    }));
}

/** The needs without those that another one of them needs anyway. */
function withoutImplied(needs: string[], needsOf: (urn: string) => Set<string>): string[] {
    const implied = new Set<string>();
    const visit = (urn: string) => {
        for (const need of needsOf(urn)) {
            if (!implied.has(need)) {
                implied.add(need);
                visit(need);
            }
        }
    };
    needs.forEach(visit);
    return needs.filter((need) => !implied.has(need));
}

function rank({ type }: DeclaredResource): number {
    const kind =
        type
            .split(":")
            .at(-1)
            ?.replace(/Patch$/, "") ?? "";
    const index = KIND_ORDER.indexOf(kind);
    return index < 0 ? KIND_ORDER.length : index;
}

function sortKey({ resource }: { resource: DeclaredResource }): string {
    return `${resource.type} ${resource.urn}`;
}

/** Not by locale: the order must be the same on every machine. */
function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
