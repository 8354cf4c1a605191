import { POD_SECURITY_LABEL } from "../../../components/platform";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { type Namespaces, TYPICAL_NAMESPACES } from "./clusterFacts";
import { type Finding, refusal } from "./finding";
import { autopilotRemedy, setting } from "./platform";

/** What the injected init container needs, to redirect a pod's traffic to its sidecar. */
const CAPABILITIES = ["NET_ADMIN", "NET_RAW"];

/** Why an API server refuses a pod, as far as it is about what the pod may do: a reason for people. */
const REFUSALS: [words: RegExp, reason: (match: RegExpExecArray) => string][] = [
    [/violates PodSecurity "([^:"]+)/, ([, level = ""]) => `it enforces the Pod Security level "${level}"`],
    [
        /admission webhook "([^"]*)" denied the request:?\s*(.*)/s,
        ([, webhook = "", words = ""]) => `the webhook "${webhook}" denies it: ${words.trim().split("\n", 1).join()}`,
    ],
    [
        /ValidatingAdmissionPolicy '([^']+)'.*denied request:?\s*(.*)/s,
        ([, policy = "", words = ""]) => `the policy ${policy} denies it: ${words.trim().split("\n", 1).join()}`,
    ],
];

/** A namespace of the stack. */
export interface StackNamespace {
    name: string;
    /** The level of Pod Security that the config gives it. config/platform.ts has checked it. */
    level?: string;
    stack: string;
    autopilot: boolean;
    /** With `TYPICAL_NAMESPACES`. */
    namespaces: Namespaces;
}

/**
 * Whether the cluster accepts pods whose init container sets up their network. The API server is asked with a pod that it
 * does not create (dry run).
 */
export async function checkAppNamespace(api: ClusterApi, app: StackNamespace): Promise<Finding[]> {
    const { refused, subject, exists } = await tryPod(api, app, { capabilities: CAPABILITIES, seccomp: true });
    if (refused === undefined) {
        return [];
    }
    const allow = exists
        ? `  or choose another namespace with app.namespace. Another level would apply to every pod of ${app.name}.`
        : `  or ${setting(app.stack, `app.namespaceLabels["${POD_SECURITY_LABEL}"]`, "privileged")}`;
    return [
        refusal(
            `${subject} refuses the pods of the mesh: ${refused}.`,
            `Each pod's init container needs ${CAPABILITIES.join(" and ")} to redirect its traffic. Choose one:`,
            app.autopilot || refused.includes("GKE Warden")
                ? autopilotRemedy()
                : `  let Istio's CNI plugin do it for each node: ${setting(app.stack, "istio.cni.enabled", "true")};`,
            ...(refused.includes("Pod Security") ? [allow] : []),
        ),
    ];
}

/** Whether the cluster accepts istiod and the gateway, which choose no seccomp profile. */
export async function checkIstioNamespace(api: ClusterApi, istio: StackNamespace): Promise<Finding[]> {
    const { refused, subject } = await tryPod(api, istio, { capabilities: [], seccomp: false });
    const isLabelled = istio.namespaces.get(istio.name)?.metadata.labels?.[POD_SECURITY_LABEL] !== undefined;
    return refused?.includes("Pod Security")
        ? [
              refusal(
                  `${subject} refuses istiod and the gateway: ${refused}. They fulfil the level "baseline".`,
                  isLabelled
                      ? `Its owner can give it that level (${POD_SECURITY_LABEL}). Otherwise, deploy to another cluster.`
                      : `So ${setting(istio.stack, `istio.namespaceLabels["${POD_SECURITY_LABEL}"]`, "baseline")}.`,
              ),
          ]
        : [];
}

/**
 * Asks for a pod in a namespace. One that does not exist yet will be like one of `TYPICAL_NAMESPACES`.
 * @returns why it is refused, unless every pod is; undefined if it is not refused, or the config decides it
 */
async function tryPod(
    api: ClusterApi,
    { name, level, namespaces }: StackNamespace,
    needs: PodNeeds,
): Promise<{ refused?: string; subject: string; exists: boolean }> {
    const exists = namespaces.get(name) !== undefined;
    const subject = exists ? `the namespace ${name}` : `the cluster, for a new namespace like ${name},`;
    const isLabelled = (other: string) => namespaces.get(other)?.metadata.labels?.[POD_SECURITY_LABEL] !== undefined;
    const like = exists ? name : TYPICAL_NAMESPACES.find((typical) => !isLabelled(typical));
    if (level !== undefined || like === undefined) {
        return { subject, exists };
    }
    const refused = await refusalOf(api, pod(like, needs));
    // If a pod without any need is refused too, then for another reason, which only the real pods show.
    const isAboutIt = refused !== undefined && (await refusalOf(api, pod(like, HARMLESS))) === undefined;
    return { refused: isAboutIt ? refused : undefined, subject, exists };
}

/** Why the API server refuses a pod; undefined if it does not, or if it does not say anything about the pod. */
async function refusalOf(api: ClusterApi, object: KubernetesObject): Promise<string | undefined> {
    try {
        await api.apply(object, { force: true, dryRun: true });
    } catch (error) {
        if (!(error instanceof ApiError)) {
            throw error;
        }
        for (const [words, reason] of REFUSALS) {
            const match = words.exec(error.message);
            if (match) {
                return reason(match);
            }
        }
        // Not allowed to create pods, a quota, a webhook that does not run, a server that does not answer: others report it.
    }
    return undefined;
}

/** What a pod needs beyond the level "restricted". */
interface PodNeeds {
    capabilities: readonly string[];
    /** Whether it chooses a seccomp profile, as that level requires. */
    seccomp: boolean;
}

const HARMLESS: PodNeeds = { capabilities: [], seccomp: true };

function pod(namespace: string, { capabilities, seccomp }: PodNeeds): KubernetesObject {
    const resources = { cpu: "10m", memory: "16Mi" };
    const asRoot = capabilities.length > 0;
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
            name: "bookinfo-mesh-preflight",
            namespace,
            // So that an installed Istio does not change it.
            labels: { app: "bookinfo-mesh-preflight", "sidecar.istio.io/inject": "false" },
        },
        spec: {
            automountServiceAccountToken: false,
            restartPolicy: "Never",
            securityContext: seccomp ? { seccompProfile: { type: "RuntimeDefault" } } : {},
            containers: [
                {
                    name: "istio-init",
                    image: "docker.io/istio/proxyv2:preflight",
                    resources: { requests: resources, limits: resources },
                    securityContext: {
                        allowPrivilegeEscalation: false,
                        capabilities: { drop: ["ALL"], ...(asRoot && { add: capabilities }) },
                        ...(asRoot ? { runAsUser: 0, runAsNonRoot: false } : { runAsUser: 1337, runAsNonRoot: true }),
                    },
                },
            ],
        },
    };
}
