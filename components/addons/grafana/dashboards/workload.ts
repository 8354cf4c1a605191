import { board, section, UID } from "./board";
import { proxies } from "./proxyPanels";
import { Traffic } from "./traffic";
import * as panels from "./trafficPanels";
import { peerValues, reporter } from "./variables";

/** One workload: the requests that it gets and sends, and the state of its sidecar. */
export function workload(): string {
    const inbound = new Traffic(['destination_workload_namespace="$namespace"', 'destination_workload="$workload"']);
    const source = ['source_workload_namespace="$namespace"', 'source_workload="$workload"'];
    const outbound = new Traffic(source, source);
    return board({
        uid: UID.workload,
        title: "Istio workload",
        description: "One workload, such as one version of a service: what it is asked, and what it asks of others.",
        variables: [
            peerValues(
                { name: "namespace", label: "Namespace", description: "The workload's namespace." },
                "workload_namespace",
            ),
            peerValues(
                { name: "workload", label: "Workload", description: "A Deployment, or an ingress gateway." },
                "workload",
                'workload_namespace="$namespace"',
            ),
            reporter(),
        ],
        sections: [
            section("Inbound at a glance", ...panels.overview(inbound)),
            section(
                "Inbound",
                panels.requestsBy(panels.CLIENT, inbound),
                panels.requestsByCode(inbound),
                panels.successBy(panels.CLIENT, inbound),
                panels.latencyPercentiles(inbound),
                ...panels.sizes(inbound),
                panels.interventions(inbound),
                panels.comparison("Clients", "Who called the workload, in the time range.", panels.CLIENT, inbound),
            ),
            section("Outbound at a glance", ...panels.overview(outbound)),
            section(
                "Outbound",
                panels.requestsBy(panels.SERVICE, outbound),
                panels.requestsByFlag(outbound),
                panels.successBy(panels.SERVICE, outbound),
                panels.latencyBy(panels.SERVICE, outbound),
                panels.interventions(outbound),
                panels.comparison("Services", "What the workload called, in the time range.", panels.SERVICE, outbound),
            ),
            section("TCP inbound", ...panels.tcp(panels.CLIENT, inbound)),
            section("TCP outbound", ...panels.tcp(panels.SERVICE, outbound)),
            section("Proxies", ...proxies(['namespace="$namespace"', 'pod=~"$workload(-[a-z0-9]+){1,2}"'])),
        ],
    });
}
