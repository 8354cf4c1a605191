import { askAddon, checkAddon } from "./addon";
import { type Check, type CheckResult, eventually, failed, ok } from "./check";
import { askOtherPrometheus } from "./prometheus";
import { unlessRefused } from "./visit";

/** Time until a new request is in Prometheus, in seconds. The program's own scrapes every 5 s; another one may take longer. */
const ARRIVAL = 45;

/** Workloads that get a request with every page, among them one version of reviews. */
const EXPECTED = [/^productpage-/, /^details-/, /^reviews-/];

export const checkMetrics: Check = (mesh, stop) => {
    const { appNamespace, commands, prometheusUrl: url } = mesh;
    const path = `/api/v1/query?query=${encodeURIComponent(queryFor(appNamespace))}`;
    if (url !== undefined) {
        const remedy = `see ${url}; is it the address of its API?`;
        const judge = judgedBy(`${commands.load}; does that Prometheus scrape the mesh? See docs/addons.md`);
        const asked = eventually(ARRIVAL, stop, () => askOtherPrometheus(mesh, url, { path, remedy, stop }, judge));
        return unlessRefused(mesh, asked);
    }
    return checkAddon(mesh, "prometheus", () => {
        const remedy = `see ${commands.dashboard} prometheus`;
        const judge = judgedBy(
            `${commands.load}; then see which targets are down: ${commands.dashboard} prometheus, /targets`,
        );
        const asked = eventually(ARRIVAL, stop, () => askAddon(mesh, "prometheus", { path, remedy, stop }, judge));
        return unlessRefused(mesh, asked);
    });
};

/** Judges an answer of Prometheus. @param remedy what to do if workloads are missing */
function judgedBy(remedy: string): (json: unknown) => CheckResult {
    return (json) => {
        const workloads = workloadsIn(json);
        const names = [...workloads.keys()];
        if (EXPECTED.every((expected) => names.some((name) => expected.test(name)))) {
            const requests = [...workloads.values()].reduce((sum, each) => sum + each, 0);
            return ok(`istio_requests_total: ${Math.round(requests)} requests to ${names.length} workloads`);
        }
        const found = names.length > 0 ? names.join(", ") : "no workload";
        return failed(`Prometheus has istio_requests_total of ${found}`, remedy);
    };
}

/** The number of requests to each workload of a namespace, as the workload's own proxy counts them. */
function queryFor(namespace: string): string {
    const matchers = `reporter="destination",destination_workload_namespace="${namespace}"`;
    return `sum by (destination_workload) (istio_requests_total{${matchers}})`;
}

function workloadsIn(answer: unknown): Map<string, number> {
    const { data } = (answer ?? {}) as {
        data?: { result: { metric: { destination_workload?: string }; value: [time: number, value: string] }[] };
    };
    return new Map(
        (data?.result ?? []).map(({ metric, value }) => [metric.destination_workload ?? "", Number(value[1])]),
    );
}
