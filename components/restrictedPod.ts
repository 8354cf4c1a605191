/** Parts of pods that Bookinfo and the add-ons share. */

/** These fields and `runAs` fulfil the level "restricted" of Kubernetes' Pod Security Standards. */
export const RESTRICTED_CONTAINER = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
};
export const SECCOMP_PROFILE = { seccompProfile: { type: "RuntimeDefault" } };

/** Who chooses the user of a container. */
export interface UserChoice {
    /** The cluster assigns a user and groups, as OpenShift does, and refuses any other. Default: the image's own user. */
    clusterAssignsUsers?: boolean;
}

/** @param user A number: only then can Kubernetes tell that it is not root. */
export function runAs(user: number, { clusterAssignsUsers = false }: UserChoice = {}) {
    return { runAsNonRoot: true, ...(!clusterAssignsUsers && { runAsUser: user }) };
}

/** @param paths Paths on the named port that answer 200 while the container runs (`live`) and can serve (`ready`). */
export function probes({ port, live, ready }: { port: string; live: string; ready: string }) {
    const get = (path: string) => ({ httpGet: { path, port } });
    return {
        // Up to three minutes: the Java of reviews needs more than one on a busy node, and Prometheus reads its data again.
        startupProbe: { ...get(live), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 180 },
        readinessProbe: { ...get(ready), periodSeconds: 5, timeoutSeconds: 2 },
        livenessProbe: { ...get(live), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    };
}
