import { board, section, UID } from "./board";
import { proxies } from "./proxyPanels";
import { Traffic } from "./traffic";
import {
    CLIENT,
    comparison,
    glance,
    latencyBy,
    latencyPercentiles,
    requestsBy,
    requestsByCode,
    requestsByFlag,
    requestSizes,
    responseSizes,
    SERVICE,
    successBy,
    tcp,
} from "./trafficPanels";
import { peerValues, reporter } from "./variables";

/** One workload: what it is asked, what it asks of others, and how its sidecar does. */
export function workload(): string {
    const inbound = new Traffic(['destination_workload_namespace="$namespace"', 'destination_workload="$workload"']);
    const outbound = new Traffic(['source_workload_namespace="$namespace"', 'source_workload="$workload"']);
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
            section("Inbound at a glance", ...glance(inbound)),
            section(
                "Inbound",
                requestsBy(CLIENT, inbound),
                requestsByCode(inbound),
                successBy(CLIENT, inbound),
                latencyPercentiles(inbound),
                requestSizes(inbound),
                responseSizes(inbound),
                comparison("Clients", "Who called the workload, in the time range.", CLIENT, inbound),
            ),
            section("Outbound at a glance", ...glance(outbound)),
            section(
                "Outbound",
                requestsBy(SERVICE, outbound),
                requestsByFlag(outbound),
                successBy(SERVICE, outbound),
                latencyBy(SERVICE, outbound),
                comparison("Services", "What the workload called, in the time range.", SERVICE, outbound),
            ),
            section("TCP inbound", ...tcp(CLIENT, inbound)),
            section("TCP outbound", ...tcp(SERVICE, outbound)),
            section("Proxies", ...proxies(['namespace="$namespace"', 'pod=~"$workload(-[a-z0-9]+){1,2}"'])),
        ],
    });
}
