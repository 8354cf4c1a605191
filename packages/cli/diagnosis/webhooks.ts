import { ISTIO_NAMESPACE, ISTIOD_WEBHOOK_PORT, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { RELEASE_ANNOTATION } from "../../kubernetes/releases";
import { type FailedCall, isOwnCall } from "./failedCall";
import type { Problem } from "./problem";
import { type ControlPlane, reachRemedy, readControlPlane } from "./reach";

/** The Service behind a webhook has no pod that is ready, or does not exist. */
const NO_SERVER = /no endpoints available|service \\*"[^"]*" not found/;

const OTHER_CERTIFICATE = /x509:|certificate/;

/** Time until an unreached istiod counts as unreachable, in seconds: a Service that is new takes a moment to be routed. */
export const REACH_PATIENCE = 60;

/** What the cluster tells about a failed call. Everything that cannot be read is missing. */
export interface WebhookFacts {
    /** istio-system's Deployment `istiod`; undefined if there is none. */
    istiod?: KubernetesObject;
    /** Configurations that have a webhook of that name. */
    configurations: KubernetesObject[];
    controlPlane: ControlPlane;
    /** The start of a kubectl command for the cluster. */
    kubectl: string;
}

/** Reads what the remedy for a failed call depends on. */
export async function readWebhookFacts(
    api: ClusterApi,
    { webhook }: FailedCall,
    known: { deployments?: readonly KubernetesObject[]; pods?: readonly KubernetesObject[] } = {},
): Promise<WebhookFacts> {
    const list = (apiVersion: string, kind: string) => api.list(apiVersion, kind).catch(() => []);
    const admission = "admissionregistration.k8s.io/v1";
    const [deployments, pods, mutating, validating, nodes] = await Promise.all([
        known.deployments ?? list("apps/v1", "Deployment"),
        known.pods ?? list("v1", "Pod"),
        list(admission, "MutatingWebhookConfiguration"),
        list(admission, "ValidatingWebhookConfiguration"),
        list("v1", "Node"),
    ]);
    return {
        istiod: deployments.find(
            ({ metadata }) => metadata.namespace === ISTIO_NAMESPACE && metadata.name === RELEASES.istiod,
        ),
        configurations: [...mutating, ...validating].filter((each) => hasWebhook(each, webhook)),
        controlPlane: readControlPlane(api.server, nodes, pods),
        kubectl: api.kubectl,
    };
}

/** What to do about a failed call, and whether waiting for longer than `REACH_PATIENCE` helps. */
export function callVerdict(
    call: FailedCall,
    facts: WebhookFacts,
): Pick<Problem, "remedy" | "final" | "patience" | "blocksAll"> {
    const { kubectl, istiod, configurations } = facts;
    // A message without the server's address is about this istiod only if a configuration says so, or if none can be read.
    const isOurs =
        call.host !== undefined || configurations.length === 0 || configurations.some(isServedByIstiod(call));
    if (!isOwnCall(call) || !isOurs) {
        return { remedy: foreignRemedy(call, facts), final: false };
    }
    const describe = `${kubectl} --namespace ${ISTIO_NAMESPACE} describe deployment ${RELEASES.istiod}`;
    if (!isAvailable(istiod)) {
        const state = istiod ? "is not available" : "is not in the cluster";
        return {
            remedy:
                `The webhook ${call.webhook} is served by istiod, which ${state}: istiod itself is what is in the way ` +
                `(${describe}). As soon as istiod runs, this passes.`,
            final: false,
        };
    }
    if (NO_SERVER.test(call.reason)) {
        return {
            remedy: `istiod has just become available, and its Service does not lead to it yet. This passes (${describe}).`,
            final: false,
        };
    }
    if (OTHER_CERTIFICATE.test(call.reason)) {
        return {
            remedy:
                `Whatever answers the API server for the webhook ${call.webhook} shows a certificate that istiod has not ` +
                "announced. istiod announces its own within a minute of its start. If this stays, a proxy between the API " +
                "server and the pods answers in its place: exempt .svc and the range of Services from it.",
            final: false,
        };
    }
    return {
        remedy: reachRemedy(call, facts.controlPlane, kubectl),
        final: true,
        patience: REACH_PATIENCE,
        blocksAll: true,
    };
}

/** The remedy for a text with a failed call, without any fact of the cluster. */
export function callRemedy(call: FailedCall): string {
    return isOwnCall(call)
        ? `The API server gets no answer from istiod, which serves the webhook ${call.webhook}. If istiod runs, the API server ` +
              `does not reach it on TCP ${ISTIOD_WEBHOOK_PORT}; otherwise istiod itself is what is in the way.`
        : foreignRemedy(call, { configurations: [] });
}

/** For a webhook of somebody else: what it is, and who can help. Nothing of it is this deployment's to change. */
function foreignRemedy(call: FailedCall, { configurations }: Pick<WebhookFacts, "configurations">): string {
    const { webhook, host } = call;
    const clients = configurations
        .flatMap((each) => webhooksIn(each, webhook))
        .map(({ clientConfig = {} }) => clientConfig);
    const service =
        call.service ?? (host === undefined ? clients.find((client) => client.service)?.service : undefined);
    const server = service
        ? `Service ${service.namespace}/${service.name}`
        : (host ?? clients.find(({ url }) => url !== undefined)?.url);
    const origins = configurations.map((each) => `${displayName(each)}${originOf(each)}`);
    const all = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations";
    const found = origins.length > 0 ? `${origins.join(", ")}; all: ` : "";
    return (
        `The server of the webhook ${webhook} does not answer${server === undefined ? "" : `: ${server}`}. It is not part of this ` +
        `deployment (${found}${all}). Ask the people who run ` +
        `${service ? `the namespace ${service.namespace}` : "it"} to start it, or to exempt the namespaces of this deployment. ` +
        "Other workloads of the cluster may depend on it."
    );
}

function isAvailable(deployment: KubernetesObject | undefined): boolean {
    const { availableReplicas = 0 } = (deployment?.status ?? {}) as { availableReplicas?: number };
    return availableReplicas > 0;
}

interface Webhook {
    name: string;
    clientConfig?: { url?: string; service?: { namespace: string; name: string } };
}

function webhooksIn(configuration: KubernetesObject, name: string): Webhook[] {
    const { webhooks = [] } = configuration as { webhooks?: Webhook[] };
    return webhooks.filter((webhook) => webhook.name === name);
}

function hasWebhook(configuration: KubernetesObject, name: string): boolean {
    return webhooksIn(configuration, name).length > 0;
}

function isServedByIstiod({ webhook }: FailedCall): (configuration: KubernetesObject) => boolean {
    return (configuration) =>
        webhooksIn(configuration, webhook).some(
            ({ clientConfig: { service } = {} }) =>
                service?.namespace === ISTIO_NAMESPACE && service.name === RELEASES.istiod,
        );
}

/** Who has made an object, as far as it says so. */
function originOf({ metadata: { annotations = {}, labels = {} } }: KubernetesObject): string {
    const { [RELEASE_ANNOTATION.name]: release, [RELEASE_ANNOTATION.namespace]: namespace } = annotations;
    if (release !== undefined) {
        return ` of Helm release ${namespace === undefined ? "" : `${namespace}/`}${release}`;
    }
    const manager = labels["app.kubernetes.io/part-of"] ?? labels["app.kubernetes.io/managed-by"];
    return manager === undefined ? "" : ` of ${manager}`;
}
