/** The variable by which users of Pulumi's Kubernetes provider say that a cluster without an answer is gone. */
export const COUNTS_AS_GONE = "PULUMI_K8S_DELETE_UNREACHABLE";

export function countsAsGone(env: NodeJS.ProcessEnv = process.env): boolean {
    return env[COUNTS_AS_GONE] === "true";
}
