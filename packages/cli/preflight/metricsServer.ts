import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import { type Finding, note } from "./finding";

const METRICS = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1beta1.metrics.k8s.io" },
};

/** @param scaled the parts whose number of replicas shall follow the load, by their keys under `istio` */
export async function checkMetricsServer(api: ClusterApi, scaled: readonly string[]): Promise<Finding[]> {
    if (scaled.length === 0) {
        return [];
    }
    const service = await unlessForbidden(async () => ({ found: await api.read(METRICS) }));
    const { conditions = [] } = (service?.found?.status ?? {}) as { conditions?: { type: string; status: string }[] };
    const isAvailable = conditions.some(({ type, status }) => type === "Available" && status === "True");
    if (service === undefined || isAvailable) {
        return [];
    }
    const state = service.found ? "does not answer" : "is not installed";
    const keys = scaled.map((part) => `istio.${part}.autoscaling.enabled`).join(" and ");
    return [
        note(
            `the cluster's metrics server (${METRICS.metadata.name}) ${state}: the number of replicas will stay at its minimum.`,
            `Install one (https://github.com/kubernetes-sigs/metrics-server), or set ${keys} to false.`,
        ),
    ];
}
