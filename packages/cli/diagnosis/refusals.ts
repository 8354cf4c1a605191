/** What a person does about a refusal, by the words of whoever refused: the API server, a webhook, Helm, a registry. */

/** The config keys by which less is asked for. */
export const REQUESTS = "istio.istiod.resources, istio.gateway.resources and istio.proxy.resources";

interface Refusal {
    words: RegExp;
    /** @param match what the words matched, its groups included */
    remedy: (match: RegExpMatchArray) => string;
}

const REFUSALS: Refusal[] = [
    {
        words: /exceeded quota: ([^\s,]+)/,
        remedy: ([, quota = ""]) =>
            `Raise the ResourceQuota ${quota} (kubectl get resourcequota -A shows it), or ask for less: ${REQUESTS}.`,
    },
    {
        words: /failed quota: ([^\s:]+): must specify ([^;]+)/,
        remedy: ([, quota = "", amounts = ""]) =>
            `The ResourceQuota ${quota} wants every container to say its ${amounts.trim()}: give the namespace a ` +
            `LimitRange with defaults, or set ${REQUESTS}.`,
    },
    {
        words: /(?:maximum|minimum) (?:cpu|memory) usage per (?:Container|Pod)/,
        remedy: () => `Change the namespace's LimitRange (kubectl get limitrange -A), or keep to it by ${REQUESTS}.`,
    },
    {
        words: /violates PodSecurity "([^"]+)"/,
        remedy: ([, level = ""]) =>
            `The namespace enforces ${level}, and the sidecars' init container sets up the pod's network: allow that ` +
            "(kubectl label --overwrite namespace NAME pod-security.kubernetes.io/enforce=privileged), or install Istio's CNI plugin.",
    },
    {
        words: /ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied/,
        remedy: ([, policy = "", binding = ""]) =>
            `Have the namespace exempted from the policy by whoever set it (kubectl get validatingadmissionpolicy ${policy}, ` +
            `validatingadmissionpolicybinding ${binding}), or keep to it by istio.values.`,
    },
    {
        words: /admission webhook "([^"]+)" denied the request/,
        remedy: ([, webhook = ""]) =>
            `Have the namespace exempted from the webhook ${webhook} by whoever set it ` +
            "(kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations), or keep to its rules by istio.values.",
    },
    {
        words: /failed calling webhook "([^"]+)"/,
        remedy: ([, webhook = ""]) =>
            `The server of the webhook ${webhook} does not answer: start it, or delete its configuration if it is gone ` +
            "(kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations).",
    },
    {
        words: /unable to create new content in namespace (\S+) because it is being terminated/,
        remedy: ([, namespace = ""]) =>
            `Wait until the namespace ${namespace} is gone: kubectl get namespace ${namespace}.`,
    },
    {
        words: /attempting to grant RBAC permissions not currently held|is forbidden: User "[^"]*" cannot/,
        remedy: () =>
            "An administrator of the cluster gives the user what is missing; Istio's charts need the ClusterRole cluster-admin.",
    },
    {
        words: /invalid ownership metadata|already exists|cannot re-use a name that is still in use/,
        remedy: () =>
            "It was made by something else than this deployment: remove it by what made it, or deploy to another cluster.",
    },
    {
        words: /asked for the client to provide credentials|^Unauthorized$|: Unauthorized$/m,
        remedy: () => "The kubeconfig's credentials have expired: renew them.",
    },
    {
        // A request for an image fails in the same words, on a node.
        words: /is not a valid chart repository or cannot be reached|failed to download|chart ".*" (?:version ".*" )?not found|^(?!.* image ).*failed to do request/m,
        remedy: () =>
            "Is the chart repository right, and reachable from here (network, proxy)? It is set by istio.chartRepository, Kiali's " +
            "by istio.kiali.chartRepository; a directory with the charts will do (helm pull --untar).",
    },
];

/** What to do about a refusal; undefined where its words are not known. */
export function remedyOf(text: string): string | undefined {
    for (const { words, remedy } of REFUSALS) {
        const match = words.exec(text);
        if (match) {
            return remedy(match);
        }
    }
    return undefined;
}
