import type { DeclaredResource } from "../program/declaration";

/** A resource that becomes a step, and the URNs of the steps that it needs. */
export interface OrderedResource {
    resource: DeclaredResource;
    needs: string[];
}

/** Order within a depth, because objects use others without a dependency. Other kinds come last. */
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

interface Node {
    resource: DeclaredResource;
    /** URNs of the nearest steps. */
    needs: Set<string>;
    /** URNs of all steps. */
    all: Set<string>;
    /** Length of the longest chain of steps. */
    depth: number;
}

/**
 * Puts the resources that become steps in order: every step comes after the steps that it needs. Other resources (components,
 * providers, reads) pass their own dependencies on. The order of registration does not matter.
 * @throws Error if there is a cycle of dependencies
 */
export function orderResources(
    resources: readonly DeclaredResource[],
    isStep: (resource: DeclaredResource) => boolean,
): OrderedResource[] {
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const nodes = new Map<string, Node>();
    const path = new Set<string>();

    function nodeOf(resource: DeclaredResource): Node {
        const { urn, dependencies, parent = "" } = resource;
        const known = nodes.get(urn);
        if (known) {
            return known;
        }
        if (path.has(urn)) {
            throw new Error(`the dependencies of ${[...path].join(" -> ")} are a cycle`);
        }
        path.add(urn);
        const before = [...dependencies, parent].flatMap((each) => byUrn.get(each) ?? []).map(nodeOf);
        path.delete(urn);
        const own = (node: Node) => (isStep(node.resource) ? [node.resource.urn] : []);
        const node = {
            resource,
            needs: new Set(before.flatMap((each) => (isStep(each.resource) ? own(each) : [...each.needs]))),
            all: new Set(before.flatMap((each) => [...own(each), ...each.all])),
            depth: Math.max(0, ...before.map((each) => each.depth + own(each).length)),
        };
        nodes.set(urn, node);
        return node;
    }

    const inOrder = resources
        .map(nodeOf)
        .filter(({ resource }) => isStep(resource))
        .sort((a, b) => a.depth - b.depth || rank(a.resource) - rank(b.resource) || compare(sortKey(a), sortKey(b)));
    return inOrder.map(({ resource, needs }) => {
        const implied = (urn: string) => [...needs].some((need) => nodes.get(need)?.all.has(urn));
        const urns = inOrder.map((step) => step.resource.urn);
        return { resource, needs: urns.filter((urn) => needs.has(urn) && !implied(urn)) };
    });
}

function rank({ type }: DeclaredResource): number {
    const index = KIND_ORDER.indexOf(type.replace(/^.*:/, "").replace(/Patch$/, ""));
    return index < 0 ? KIND_ORDER.length : index;
}

function sortKey({ resource }: Node): string {
    return `${resource.type} ${resource.urn}`;
}

/** Not by locale, so that the order is the same on every machine. */
function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
