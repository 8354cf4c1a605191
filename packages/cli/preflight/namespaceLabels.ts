import { INJECTION_LABEL, ISTIO_NAMESPACE, STACK_ANNOTATION } from "../../../components/names";
import { istioNamespaceLabels, POD_SECURITY_LABEL } from "../../../components/platform";
import { FIELD_MANAGER } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { stackFile } from "../../shared/project";
import { PULUMI } from "../stack/record";
import type { Stack } from "../stack/stack";
import type { ClusterFacts } from "./clusterFacts";
import { type Finding, note, refusal } from "./finding";
import { setting } from "./platform";
import type { FitSettings } from "./settings";

/** The field managers of Pulumi's provider: each resource has one, with a random end. */
const PULUMI_MANAGER = /^pulumi-kubernetes(?:-|$)/;

/** A label that the deployment sets. */
interface Label {
    key: string;
    value: string;
    /** How to do without it, in the stack's config; undefined if that is not possible. */
    instead?: string;
}

/**
 * Labels of namespaces that were there before, to which others have given another value than the deployment would.
 * Server-side apply refuses to change them, in the middle of a deployment.
 */
export function checkNamespaceLabels(
    stack: Stack,
    settings: FitSettings,
    { namespaces }: Pick<ClusterFacts, "namespaces">,
): Finding[] {
    const labels = {
        [ISTIO_NAMESPACE]: istioLabels(stack, settings),
        [stack.appNamespace]: appLabels(stack, settings),
    };
    return Object.entries(labels).flatMap(([name, ours]) => {
        const namespace = namespaces.get(name);
        const isPatched = name === "default" || stack.existingNamespaces.includes(name);
        const isOurs = isOwnManager(stack, namespaces.get(ISTIO_NAMESPACE));
        const taken = isPatched && namespace ? conflicts(namespace, ours, isOurs) : [];
        return taken.length === 0 ? [] : findingOf(stack, name, taken);
    });
}

function istioLabels({ name }: Stack, { cni, platform, istioLabels: set }: FitSettings): Label[] {
    return Object.entries(istioNamespaceLabels(cni, set)).map(([key, value]) => {
        if (key !== POD_SECURITY_LABEL || !cni) {
            return { key, value, instead: `take ${key} out of istio.namespaceLabels in ${stackFile(name)}` };
        }
        // The plugin's pods accept no other level. OpenShift lets no pod do without the plugin.
        const without = `do without the CNI plugin: ${setting(name, "istio.cni.enabled", "false")}`;
        return { key, value, instead: platform === "openshift" ? undefined : without };
    });
}

function appLabels({ name }: Stack, { appLabels: set }: FitSettings): Label[] {
    const elsewhere = `use another namespace: ${setting(name, "app.namespace", "another name")}`;
    return [
        ...Object.entries(set).map(([key, value]) => {
            return { key, value, instead: `take ${key} out of app.namespaceLabels in ${stackFile(name)}` };
        }),
        ...Object.entries(INJECTION_LABEL).map(([key, value]) => ({ key, value, instead: elsewhere })),
    ];
}

/** A label with another value, and who has set it. */
interface Conflict extends Label {
    theirs: string;
    managers: string[];
}

function conflicts(
    { metadata }: KubernetesObject,
    ours: readonly Label[],
    isOurs: (manager: string) => boolean,
): Conflict[] {
    const fields = (metadata.managedFields ?? []) as {
        manager?: string;
        fieldsV1?: { "f:metadata"?: { "f:labels"?: Record<string, unknown> } };
    }[];
    return ours.flatMap((label) => {
        const theirs = metadata.labels?.[label.key];
        const managers = fields
            .filter(({ fieldsV1 }) => fieldsV1?.["f:metadata"]?.["f:labels"]?.[`f:${label.key}`] !== undefined)
            .map(({ manager = "unknown tool" }) => manager)
            .filter((manager) => !isOurs(manager));
        // The same value can have several managers.
        return theirs === undefined || theirs === label.value || managers.length === 0
            ? []
            : [{ ...label, theirs, managers: [...new Set(managers)] }];
    });
}

/** Which field managers are this stack's own. */
function isOwnManager({ name, record }: Stack, istioNamespace: KubernetesObject | undefined) {
    const isDeployed = record !== undefined || istioNamespace?.metadata.annotations?.[STACK_ANNOTATION] === name;
    return (manager: string) => manager === FIELD_MANAGER || (isDeployed && PULUMI_MANAGER.test(manager));
}

function findingOf({ name: stack, record }: Stack, name: string, taken: readonly Conflict[]): Finding {
    const instead = taken.flatMap(({ instead = [] }) => instead);
    const elsewhere = name === ISTIO_NAMESPACE ? ["deploy to another cluster"] : [];
    const ways = [...new Set([...instead, ...elsewhere])].map((way) => `  ${way}`);
    // The engine sends only what has changed in the program.
    const isLeft = record?.deployedBy.way === PULUMI;
    return (isLeft ? note : refusal)(
        `others have given labels of the namespace ${name} other values than stack "${stack}" does:`,
        ...taken.map(
            ({ key, value, theirs, managers }) => `  ${key}=${theirs} (${managers.join(", ")}) and not ${value}`,
        ),
        isLeft
            ? "They stay as they are, and a deployment that has to set them fails. Ask the owner of the namespace, or choose one:"
            : "Ask the owner of the namespace whether these labels may have the values of the stack, or choose one:",
        ...ways,
    );
}
