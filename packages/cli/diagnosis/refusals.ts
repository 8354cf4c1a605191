import { failedCallIn } from "./failedCall";
import { shellWord } from "../../shared/shell";
import { callRemedy } from "./webhooks";

/** The config keys that lower what the pods request. */
export const REQUESTS = "istio.istiod.resources, istio.gateway.resources and istio.proxy.resources";

/**
 * Messages of an API server, a webhook, Helm or a registry, with their remedies. `$1` is the first group of the expression, as a word of a shell: a
 * webhook chooses its words. `#2` is the second one, as text.
 */
export const REFUSALS: readonly [words: RegExp, remedy: string][] = [
    [
        /exceeded quota: ([^\s,]+)/,
        `Raise the ResourceQuota $1 (kubectl get resourcequota -A shows it), or ask whoever manages it, or request less: ${REQUESTS}.`,
    ],
    [
        /failed quota: ([^\s:]+): must specify ([^;]+)/,
        `The ResourceQuota $1 requires that every container sets its #2: set ${REQUESTS}. A LimitRange with defaults helps too, ` +
            "but it also applies to every other pod of the namespace.",
    ],
    [
        /(?:maximum|minimum) (?:cpu|memory) usage per (?:Container|Pod)/,
        `Stay within the namespace's LimitRange (kubectl get limitrange -A) with ${REQUESTS}, or ask whoever manages it.`,
    ],
    [
        /violates PodSecurity "([^"]+)"/,
        "The namespace enforces $1, but the sidecars' init container sets up the pod's network: set istio.cni.enabled to true, " +
            "which needs no such container, or choose another namespace with app.namespace. Another level would apply to every pod " +
            "of the namespace, so ask whoever manages it.",
    ],
    [
        /ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied/,
        "Ask the owner of the policy to exempt the namespace (kubectl get validatingadmissionpolicy $1, " +
            "validatingadmissionpolicybinding $2), or comply with the policy through istio.values.",
    ],
    [
        /unable to validate against any security context constraint/,
        "OpenShift assigns users to pods itself: set istio.platform to openshift.",
    ],
    [
        /conflicts? with \\*"admissionsenforcer\\*"/,
        "AKS edits webhooks of others: set istio.platform to aks, and it leaves Istio's alone.",
    ],
    [
        /GKE Warden rejected the request.*(?:NET_ADMIN|linux-capabilities)/s,
        "GKE Autopilot allows NET_ADMIN for the whole cluster: gcloud container clusters update NAME --location LOCATION " +
            "--workload-policies=allow-net-admin.",
    ],
    [
        /admission webhook \\*"(\S*\bistio\.io)\\*" denied the request/,
        "Istio itself refuses the object (webhook $1), for the reason above: correct the values of istio.values, or the object.",
    ],
    [
        /admission webhook \\*"([^"\\]+)\\*" denied the request/,
        "Ask the owner of the webhook $1 to exempt the namespace " +
            "(kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations), or comply with its rules through istio.values.",
    ],
    [
        /loadBalancerClass: Invalid value: .*may not change once set/,
        "Kubernetes never changes the class of a load balancer: deploy once with istio.gateway.service.type ClusterIP, and then " +
            "with LoadBalancer and the class. The gateway gets another address.",
    ],
    [
        /nodePort: Invalid value: (\d+): provided port is already allocated/,
        "Another Service has the node port $1 (kubectl get services -A): set another one, or none, in istio.gateway.service.nodePort.",
    ],
    [
        /nodePort: Invalid value: (\d+): provided port is not in the valid range/,
        "The cluster has another range for node ports than 30000 to 32767: leave istio.gateway.service.nodePort out.",
    ],
    [
        /unable to create new content in namespace (\S+) because it is being terminated/,
        "Wait until the namespace $1 is gone: kubectl get namespace $1.",
    ],
    [
        /attempting to grant RBAC permissions not currently held|is forbidden: User "[^"]*" cannot/,
        "An administrator of the cluster must give the user what is missing. Istio's charts create ClusterRoles: that needs their " +
            "permissions, or the verbs escalate and bind for clusterroles and roles, which the role cluster-admin has.",
    ],
    [
        /invalid ownership metadata|already exists|cannot re-use a name that is still in use/,
        "Something other than this deployment created it. If others need it, deploy to another cluster. If nobody does, its owner " +
            "takes it away with the tool that created it.",
    ],
    [
        // Helm's and the provider's words for a chart repository. A request for an image has some of them too, on a node.
        /^(?!.* image ).*(?:failed to fetch https?:\S+ : 40[13]|(?:failed to perform "\w+" on source|authenticating to).*(?:status code 40[13]|denied|unauthorized))/im,
        "The chart repository refuses the login: istio.chartCredentials sets the user and the password of istio.chartRepository, and " +
            "istio.kiali.chartCredentials those of Kiali's. If its index names another host for the charts, that host gets no password.",
    ],
    [
        /asked for the client to provide credentials|^Unauthorized$|: Unauthorized$/m,
        "The kubeconfig's credentials have expired: renew them.",
    ],
    [
        // A request for an image fails with the same words, on a node.
        /is not a valid chart repository or cannot be reached|failed to download|chart ".*" (?:version ".*" )?not found|^(?!.* image ).*failed to do request/m,
        "Is the chart repository right, and does this machine reach it (network, proxy)? istio.chartRepository sets it, and " +
            "istio.kiali.chartRepository sets Kiali's; a directory with the charts works too (helm pull --untar).",
    ],
];

/**
 * What to do about a refusal; undefined if its message is unknown. For a webhook that was called in vain, `callVerdict` knows
 * more.
 */
export function remedyOf(text: string): string | undefined {
    const call = failedCallIn(text);
    if (call) {
        return callRemedy(call);
    }
    for (const [words, remedy] of REFUSALS) {
        const match = words.exec(text);
        if (match) {
            return remedy.replace(/([$#])(\d)/g, (_, sign: string, group: string) => {
                const found = match[Number(group)]?.trim() ?? "";
                return sign === "$" ? shellWord(found) : found;
            });
        }
    }
    return undefined;
}
