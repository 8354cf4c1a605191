import { board, section, UID } from "./board";
import { proxies } from "./proxyPanels";
import { Traffic } from "./traffic";
import * as panels from "./trafficPanels";
import { labelValues, reporter } from "./variables";

/** The whole mesh: how much traffic, between which workloads, how successful, fast and secure. */
export function mesh(): string {
    // All namespaces include "unknown".
    const traffic = new Traffic(
        ['destination_service_namespace=~"$namespace"'],
        ['destination_service=~"([^.]+[.])?$namespace([.].+)?"'],
    );
    return board({
        uid: UID.mesh,
        title: "Istio mesh",
        description: "All traffic of the mesh. A click on a service or a workload opens its own dashboard.",
        variables: [
            labelValues(
                {
                    name: "namespace",
                    label: "Namespace",
                    description: "Namespaces of the services that are called.",
                    several: true,
                },
                "destination_service_namespace",
            ),
            reporter(),
        ],
        sections: [
            section("At a glance", ...panels.overview(traffic)),
            section(
                "Traffic",
                panels.requestsBy(panels.SERVICE, traffic),
                panels.requestsByCode(traffic),
                panels.successBy(panels.SERVICE, traffic),
                panels.latencyBy(panels.SERVICE, traffic),
                panels.interventions(traffic),
            ),
            section(
                "Services and workloads",
                panels.comparison("Services", "What was called, in the time range.", panels.SERVICE, traffic),
                panels.comparison("Workloads", "What answered, in the time range.", panels.SERVER, traffic),
            ),
            section("Security", ...panels.security(traffic)),
            section("TCP", ...panels.tcp(panels.SERVICE, traffic)),
            section("Proxies", ...proxies([])),
        ],
    });
}
