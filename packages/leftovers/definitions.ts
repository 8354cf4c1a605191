/** Istio's CRDs: whose they are, and the mark by which a stack knows those that it has installed. */
import { ISTIO_NAMESPACE, MARK_ANNOTATION, RELEASES } from "../../components/names";
import type { ClusterApi } from "../kubernetes/api";
import type { KubernetesObject } from "../kubernetes/object";
import { RELEASE_ANNOTATION } from "../kubernetes/releases";

const CRD = ["apiextensions.k8s.io/v1", "CustomResourceDefinition"] as const;

/** Istio's CRDs that a release of this program's name and namespace has installed: of this stack, or of somebody else. */
export async function releasedDefinitions(api: ClusterApi): Promise<KubernetesObject[]> {
    return (await api.list(...CRD)).filter(isReleased);
}

/** Whether a release with the name and namespace of this program's has installed a CRD. Helm marks its CRDs, and leaves them. */
export function isReleased({ metadata: { name, annotations = {} } }: KubernetesObject): boolean {
    return (
        name.endsWith(".istio.io") &&
        annotations[RELEASE_ANNOTATION.name] === RELEASES.base &&
        annotations[RELEASE_ANNOTATION.namespace] === ISTIO_NAMESPACE
    );
}

/**
 * Those of the released CRDs that a stack has installed. All of them have come with one release, so one mark is enough: a later
 * version of the chart may have added CRDs.
 * @param mark what the stack marks its CRDs with; undefined if an earlier version of this program, which marked none, deployed it
 */
export function ownDefinitions(released: readonly KubernetesObject[], mark: string | undefined): KubernetesObject[] {
    const marks = released.map(({ metadata }) => metadata.annotations?.[MARK_ANNOTATION]);
    return mark === undefined || marks.includes(mark)
        ? released.filter((_, index) => marks[index] === undefined || marks[index] === mark)
        : [];
}

/** Marks the CRDs of a release that was just installed. Helm keeps annotations of others when it upgrades. */
export async function markDefinitions(api: ClusterApi, mark: string): Promise<void> {
    const [apiVersion, kind] = CRD;
    const released = (await api.listMetadata(apiVersion, kind, {})).filter(isReleased);
    await Promise.all(
        released
            .filter(({ metadata }) => metadata.annotations?.[MARK_ANNOTATION] !== mark)
            .map(({ metadata: { name } }) => {
                const marked = { apiVersion, kind, metadata: { name, annotations: { [MARK_ANNOTATION]: mark } } };
                return api.apply(marked, { force: true });
            }),
    );
}

/** API version and kind under which the objects of a CRD are stored. */
export function servedKind(definition: KubernetesObject): [apiVersion: string, kind: string] {
    const { group, names, versions } = definition.spec as {
        group: string;
        names: { kind: string };
        versions: { name: string; served: boolean; storage: boolean }[];
    };
    const version = versions.find(({ storage }) => storage) ?? versions.find(({ served }) => served);
    return [`${group}/${version?.name ?? "v1"}`, names.kind];
}
