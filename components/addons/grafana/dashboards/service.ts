import { board, section, UID } from "./board";
import { Traffic } from "./traffic";
import {
    CLIENT,
    comparison,
    glance,
    latencyBy,
    latencyPercentiles,
    plaintext,
    requestsBy,
    requestsByCode,
    requestsByFlag,
    requestsBySecurity,
    requestSizes,
    responseSizes,
    SERVER,
    successBy,
    tcp,
} from "./trafficPanels";
import { labelValues, reporter } from "./variables";

/** One service: who calls it, and how each of its versions answers. */
export function service(): string {
    const traffic = new Traffic([
        'destination_service_namespace="$namespace"',
        'destination_service_name="$service"',
        'source_workload=~"$client"',
    ]);
    return board({
        uid: UID.service,
        title: "Istio service",
        description: "One service: who calls it, and how each of its versions answers.",
        variables: [
            labelValues(
                { name: "namespace", label: "Namespace", description: "The service's namespace." },
                "destination_service_namespace",
            ),
            labelValues(
                { name: "service", label: "Service", description: "The service that is called." },
                "destination_service_name",
                'destination_service_namespace="$namespace"',
            ),
            labelValues(
                { name: "client", label: "Client", description: "Workloads that call the service.", several: true },
                "source_workload",
                'destination_service_namespace="$namespace"',
                'destination_service_name="$service"',
            ),
            reporter(),
        ],
        sections: [
            section("At a glance", ...glance(traffic)),
            section(
                "Clients",
                requestsBy(CLIENT, traffic),
                successBy(CLIENT, traffic),
                comparison("Clients", "Who called the service, in the time range.", CLIENT, traffic),
            ),
            section(
                "Versions",
                requestsBy(SERVER, traffic),
                latencyBy(SERVER, traffic),
                comparison("Versions", "The workloads that answered, in the time range.", SERVER, traffic),
            ),
            section("Failures", requestsByCode(traffic), requestsByFlag(traffic)),
            section("Latency", latencyPercentiles(traffic), latencyBy(CLIENT, traffic)),
            section("Sizes", requestSizes(traffic), responseSizes(traffic)),
            section("Security", requestsBySecurity(traffic), plaintext(traffic)),
            section("TCP", ...tcp(CLIENT, traffic)),
        ],
    });
}
