import {
    ALL_RELEASES,
    BOOKINFO_NAMES,
    CNI_DAEMON_SET,
    CNI_RELEASE,
    ISTIO_NAMESPACE,
    JAEGER,
    KIALI_RELEASE,
    RELEASES,
} from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { RELEASE_ANNOTATION } from "../../kubernetes/releases";
import { UserError } from "../../shared/errors";
import type { Stack } from "../stack/stack";
import { makerOf } from "./maker";
import { NOTHING_CHANGED } from "./permissions";
import { fitSettings } from "./settings";

/** Kinds by which another installation is found, and the names that charts and add-ons give to them in Istio's namespace. */
const NAMES: Record<string, { apiVersion: string; control?: string[]; addons?: string[]; cni?: string[] }> = {
    Deployment: {
        apiVersion: "apps/v1",
        control: [RELEASES.istiod, RELEASES.gateway],
        addons: ["prometheus", "grafana", "jaeger", KIALI_RELEASE, "servicegraph"],
    },
    Service: {
        apiVersion: "v1",
        control: [RELEASES.istiod, RELEASES.gateway],
        addons: ["prometheus", "grafana", JAEGER.query, JAEGER.collector, KIALI_RELEASE, "servicegraph"],
    },
    ServiceAccount: {
        apiVersion: "v1",
        control: [RELEASES.istiod, RELEASES.gateway, "istio-reader-service-account"],
        addons: ["prometheus", "grafana", "jaeger", KIALI_RELEASE, "servicegraph"],
        cni: [CNI_RELEASE],
    },
    ConfigMap: {
        apiVersion: "v1",
        control: ["istio", "istio-sidecar-injector", "values"],
        addons: [KIALI_RELEASE],
        cni: [`${CNI_RELEASE}-config`],
    },
    DaemonSet: { apiVersion: "apps/v1", cni: [CNI_DAEMON_SET] },
};

/** The sections of the config that switch off what has such names. Prometheus comes with others, or is named by its URL. */
const SECTION_OF: Record<string, string> = {
    grafana: "grafana",
    jaeger: "tracing",
    [JAEGER.query]: "tracing",
    [JAEGER.collector]: "tracing",
    [KIALI_RELEASE]: "kiali",
    servicegraph: "servicegraph",
};

/**
 * Looks for objects of other installations that have the names of this program's. It is for the first deployment into
 * namespaces that were there before: the engine would find them one by one, in the middle of the deployment. What is merely
 * there, such as Secrets, quotas, and what an earlier istiod has left, is in nobody's way.
 * @param isKnown whether the stack has made an object
 * @throws UserError with the objects, and who made them
 */
export async function refuseTakenNames(
    stack: Stack,
    api: ClusterApi,
    isKnown: (object: KubernetesObject) => boolean,
): Promise<void> {
    const hasCni = fitSettings(stack)?.cni ?? false;
    const lists = Object.entries(NAMES).map(async ([kind, { apiVersion, control = [], addons = [], cni = [] }]) => {
        const on = addons.filter((name) => stack.deploysAddon(SECTION_OF[name] ?? "prometheus"));
        const named = [...control, ...on, ...(hasCni ? cni : [])];
        const objects = (await unlessForbidden(() => api.listMetadata(apiVersion, kind, {}))) ?? [];
        return objects
            .map((object) => ({ ...object, apiVersion, kind }))
            .filter(({ metadata: { namespace, name } }) =>
                namespace === ISTIO_NAMESPACE ? named.includes(name) : isBookinfo(stack, { kind, namespace, name }),
            );
    });
    const taken = (await Promise.all(lists)).flat().filter((object) => !isOfOurRelease(object) && !isKnown(object));
    if (taken.length === 0) {
        return;
    }
    const makers = new Map<string, string[]>();
    for (const object of taken) {
        const maker = makerOf(object);
        makers.set(maker, [...(makers.get(maker) ?? []), displayName(object)]);
    }
    throw new UserError(
        [
            `the cluster has objects with names that stack "${stack.name}" needs, and that it did not make:`,
            ...[...makers].map(([maker, names]) => `  ${names.join(", ")} (${maker})`),
            "They are not this deployment's, and others may depend on them: switch the add-on or the CNI plugin off, set",
            "app.namespace to another name, or deploy to another cluster. If nobody needs them any more, their owner takes them",
            "away with the tool that made them.",
            NOTHING_CHANGED,
        ].join("\n"),
    );
}

function isBookinfo(stack: Stack, { kind, namespace, name }: { kind: string; namespace?: string; name: string }) {
    const service = name.replace(/-v\d+$/, "");
    const isNamed = (BOOKINFO_NAMES as readonly string[]).includes(service);
    // The program's ServiceAccounts have another name than those of Istio's own sample.
    return namespace === stack.appNamespace && isNamed && kind === (service === name ? "Service" : "Deployment");
}

/** `refuseForeignReleases` names these. */
function isOfOurRelease({ metadata: { annotations = {} } }: KubernetesObject): boolean {
    const { [RELEASE_ANNOTATION.name]: release = "", [RELEASE_ANNOTATION.namespace]: namespace } = annotations;
    return ALL_RELEASES.includes(release) && namespace === ISTIO_NAMESPACE;
}
