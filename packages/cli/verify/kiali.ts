import { ADDONS } from "../../../components/names";
import type { Mesh } from "../mesh/mesh";
import { askAddon, checkAddon, getFromAddon, logsOf } from "./addon";
import { type Check, type CheckResult, eventually, failed, ok } from "./check";
import { ARRIVAL, knownEdges } from "./edges";

/** Kiali is healthy, and its graph has the edges that servicegraph draws: both read the same Prometheus. */
export const checkKiali: Check = (mesh, stop) =>
    checkAddon(mesh, "kiali", async () => {
        const { status } = await getFromAddon(mesh, "kiali", { path: `${ADDONS.kiali.path}/healthz`, stop });
        return status === 200
            ? checkGraph(mesh, stop)
            : failed(`Kiali's health check answers ${status}`, logsOf(mesh, "kiali"));
    });

/** Kiali leaves out series that lack some of Istio's labels, and then shows an empty graph although it is healthy. */
function checkGraph(mesh: Mesh, stop?: AbortSignal): Promise<CheckResult> {
    const namespaces = encodeURIComponent(mesh.appNamespace);
    // servicegraph's default is 5 minutes too.
    const query = `namespaces=${namespaces}&graphType=app&injectServiceNodes=false&duration=300s`;
    const path = `${ADDONS.kiali.path}/api/namespaces/graph?${query}`;
    const remedy = `${mesh.commands.load}; see ${mesh.commands.dashboard} kiali, and ${logsOf(mesh, "kiali")}`;
    return eventually(ARRIVAL, stop, async () => {
        const expected = await knownEdges(mesh, stop);
        return askAddon(mesh, "kiali", { path, remedy, stop }, (json) => {
            const edges = edgesIn(json);
            const missing = expected.filter((edge) => !edges.includes(edge));
            return missing.length === 0
                ? ok(`Kiali is healthy, and its graph has ${edges.length} edges`)
                : failed(`Kiali is healthy, but its graph lacks ${missing.join(" and ")}`, remedy);
        });
    });
}

interface Graph {
    elements?: {
        nodes?: { data: { id: string; app?: string; workload?: string; service?: string } }[] | null;
        edges?: { data: { source: string; target: string } }[] | null;
    };
}

/** The edges of Kiali's graph between apps, such as `a → b`. */
function edgesIn(answer: unknown): string[] {
    const { nodes, edges } = ((answer ?? {}) as Graph).elements ?? {};
    const names = new Map((nodes ?? []).map(({ data }) => [data.id, data.app ?? data.workload ?? data.service ?? ""]));
    return (edges ?? []).map(({ data }) => `${names.get(data.source) ?? ""} → ${names.get(data.target) ?? ""}`);
}
