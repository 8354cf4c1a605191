import { board, section, UID } from "./board";
import { Traffic } from "./traffic";
import * as panels from "./trafficPanels";
import { labelValues, reporter } from "./variables";

/** One service: who calls it, and how each of its versions answers. */
export function service(): string {
    const client = 'source_workload=~"$client"';
    const traffic = new Traffic(
        ['destination_service_namespace="$namespace"', 'destination_service_name="$service"', client],
        ['destination_service=~"$service[.]$namespace([.].+)?"', client],
    );
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
            section("At a glance", ...panels.overview(traffic)),
            section(
                "Clients",
                panels.requestsBy(panels.CLIENT, traffic),
                panels.successBy(panels.CLIENT, traffic),
                panels.comparison("Clients", "Who called the service, in the time range.", panels.CLIENT, traffic),
            ),
            section(
                "Versions",
                panels.requestsBy(panels.SERVER, traffic),
                panels.latencyBy(panels.SERVER, traffic),
                panels.comparison(
                    "Versions",
                    "The workloads that answered, in the time range.",
                    panels.SERVER,
                    traffic,
                ),
            ),
            section(
                "Failures",
                panels.requestsByCode(traffic),
                panels.requestsByFlag(traffic),
                panels.interventions(traffic),
            ),
            section("Latency", panels.latencyPercentiles(traffic), panels.latencyBy(panels.CLIENT, traffic)),
            section("Sizes", ...panels.sizes(traffic)),
            section("Security", ...panels.security(traffic)),
            section("TCP", ...panels.tcp(panels.CLIENT, traffic)),
        ],
    });
}
