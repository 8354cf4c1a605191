import { askAddon, checkAddon } from "./addon";
import { type Check, eventually, failed, ok } from "./check";

/** Time that a new request has to show up, in seconds: Prometheus asks every proxy once in 15 seconds. */
const ARRIVAL = 45;

/** How many requests each workload of a namespace has got, as far as its own proxy says. */
function queryFor(namespace: string): string {
    const matchers = `reporter="destination",destination_workload_namespace="${namespace}"`;
    return `sum by (destination_workload) (istio_requests_total{${matchers}})`;
}

/** Workloads that get a request with every page, one of reviews' versions among them. */
const EXPECTED = [/^productpage-/, /^details-/, /^reviews-/];

/** Prometheus has Istio's request metrics of Bookinfo. */
export const checkMetrics: Check = (mesh, stop) =>
    checkAddon(mesh, "prometheus", () =>
        eventually(ARRIVAL, stop, async () => {
            const query = encodeURIComponent(queryFor(mesh.appNamespace));
            const answer = await askAddon(mesh, "prometheus", `/api/v1/query?query=${query}`, { stop });
            if (answer.instead !== undefined) {
                return failed(answer.instead, `see ${mesh.commands.dashboard} prometheus`);
            }
            const workloads = workloadsIn(answer.json);
            const names = [...workloads.keys()];
            if (EXPECTED.every((expected) => names.some((name) => expected.test(name)))) {
                const requests = [...workloads.values()].reduce((sum, each) => sum + each, 0);
                return ok(`istio_requests_total: ${Math.round(requests)} requests to ${names.length} workloads`);
            }
            return failed(
                `Prometheus has istio_requests_total of ${names.length > 0 ? names.join(", ") : "no workload"}`,
                `${mesh.commands.load}; then see which targets are down: ${mesh.commands.dashboard} prometheus, /targets`,
            );
        }),
    );

/** The values of an instant query's answer, by their label `destination_workload`. */
export function workloadsIn(answer: unknown): Map<string, number> {
    const { data } = (answer ?? {}) as {
        data?: { result: { metric: { destination_workload?: string }; value: [time: number, value: string] }[] };
    };
    return new Map(
        (data?.result ?? []).map(({ metric, value }) => [metric.destination_workload ?? "", Number(value[1])]),
    );
}
