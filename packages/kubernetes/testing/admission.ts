/** Admission as clusters report it, for fakes: Kubernetes' Pod Security, OpenShift's constraints, GKE's Warden. */
import { ApiError } from "../apiError";
import type { KubernetesObject } from "../object";

/** The fields of a pod's spec that decide what it may do. */
export interface PodFields {
    securityContext?: Security & { fsGroup?: number; sysctls?: { name: string }[] };
    containers?: { name: string; securityContext?: Security }[];
    initContainers?: { name: string; securityContext?: Security }[];
    volumes?: Record<string, unknown>[];
}

interface Security {
    runAsUser?: number;
    runAsGroup?: number;
    runAsNonRoot?: boolean;
    allowPrivilegeEscalation?: boolean;
    capabilities?: { add?: string[]; drop?: string[] };
    seccompProfile?: { type: string };
}

function containersOf(spec: PodFields) {
    return [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
}

/** What Kubernetes' level "baseline" allows (k8s.io/pod-security-admission/policy/check_capabilities_baseline.go). */
const BASELINE = [
    ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"],
    ...["SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
];

/** The faults of a pod's spec under a level of Pod Security, in the words of the API server. */
export function podSecurityFaults(spec: PodFields, level: "baseline" | "restricted"): string[] {
    const pod = spec.securityContext ?? {};
    return containersOf(spec).flatMap(({ name, securityContext: own = {} }) => {
        const { add = [], drop = [] } = own.capabilities ?? {};
        const allowed = level === "baseline" ? BASELINE : ["NET_BIND_SERVICE"];
        const excess = add.filter((capability) => !allowed.includes(capability));
        const faults = excess.length === 0 ? [] : [`container "${name}" must not include ${excess.join(", ")} in add`];
        if (level === "baseline") {
            return faults;
        }
        const unmet: [boolean, string][] = [
            [own.allowPrivilegeEscalation === false, "securityContext.allowPrivilegeEscalation=false"],
            [drop.includes("ALL"), 'securityContext.capabilities.drop=["ALL"]'],
            [(own.runAsNonRoot ?? pod.runAsNonRoot) === true, "securityContext.runAsNonRoot=true"],
            [(own.runAsUser ?? pod.runAsUser) !== 0, "no runAsUser=0"],
            [(own.seccompProfile ?? pod.seccompProfile) !== undefined, "securityContext.seccompProfile.type"],
        ];
        return [...faults, ...unmet.filter(([met]) => !met).map(([, what]) => `container "${name}" must set ${what}`)];
    });
}

/** An API server that enforces a level of Pod Security on every pod. */
export function enforcing(level: "baseline" | "restricted") {
    return ({ metadata, spec }: KubernetesObject): ApiError | undefined => {
        const faults = podSecurityFaults(spec as PodFields, level);
        const words = `pods "${metadata.name}" is forbidden: violates PodSecurity "${level}:latest": ${faults.join(", ")}`;
        return faults.length === 0 ? undefined : new ApiError(403, words);
    };
}

/**
 * What OpenShift's constraint `restricted-v2` refuses, in its words, for a namespace with a range of users
 * (istio/istio#44765, kiali/kiali#6635: `1000: must be in the ranges: [1000680000, 1000689999]`).
 */
export function restrictedV2Faults(spec: PodFields, [from, to]: [number, number]): string[] {
    const outside = (id: number | undefined): id is number => id !== undefined && (id < from || id > to);
    const { runAsUser, fsGroup } = spec.securityContext ?? {};
    const users = [
        { path: ".spec.securityContext", user: runAsUser },
        ...containersOf(spec).map(({ name, securityContext }) => ({
            path: `.containers[${name}]`,
            user: securityContext?.runAsUser,
        })),
    ];
    const added = containersOf(spec).flatMap(({ securityContext }) => securityContext?.capabilities?.add ?? []);
    return [
        ...users.flatMap(({ path, user }) =>
            outside(user) ? [`${path}.runAsUser: Invalid value: ${user}: must be in the ranges: [${from}, ${to}]`] : [],
        ),
        ...(outside(fsGroup)
            ? [`.spec.securityContext.fsGroup: Invalid value: []int64{${fsGroup}}: ${fsGroup} is not an allowed group`]
            : []),
        ...added
            .filter((capability) => capability !== "NET_BIND_SERVICE")
            .map((capability) => `capabilities.add: Invalid value: "${capability}": capability may not be added`),
        ...(spec.volumes ?? [])
            .filter((volume) => "hostPath" in volume)
            .map(() => 'spec.volumes: Invalid value: "hostPath": hostPath volumes are not allowed to be used'),
    ];
}

/** GKE Autopilot without the workload policy for NET_ADMIN (istio/istio#37150). */
export function warden({ spec }: KubernetesObject): ApiError | undefined {
    const added = containersOf(spec as PodFields).flatMap(
        ({ securityContext }) => securityContext?.capabilities?.add ?? [],
    );
    return added.includes("NET_ADMIN")
        ? new ApiError(
              403,
              'admission webhook "warden-validating.common-webhooks.networking.gke.io" denied the request: GKE Warden rejected ' +
                  "the request because it violates one or more constraints.\nViolations details: " +
                  "{\"[denied by autogke-default-linux-capabilities]\":[\"linux capability 'NET_ADMIN' on container 'istio-init' " +
                  'not allowed"]}',
          )
        : undefined;
}
