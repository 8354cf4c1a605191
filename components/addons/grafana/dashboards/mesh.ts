import { board, section, UID } from "./board";
import { proxies } from "./proxyPanels";
import { Traffic } from "./traffic";
import {
    comparison,
    glance,
    latencyBy,
    plaintext,
    requestsBy,
    requestsByCode,
    requestsBySecurity,
    SERVER,
    SERVICE,
    successBy,
    tcp,
} from "./trafficPanels";
import { labelValues, reporter } from "./variables";

/** The whole mesh: what flows, how well and how safely, between whom. */
export function mesh(): string {
    const traffic = new Traffic(['destination_service_namespace=~"$namespace"']);
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
            section("At a glance", ...glance(traffic)),
            section(
                "Traffic",
                requestsBy(SERVICE, traffic),
                requestsByCode(traffic),
                successBy(SERVICE, traffic),
                latencyBy(SERVICE, traffic),
            ),
            section(
                "Services and workloads",
                comparison("Services", "What was called, in the time range.", SERVICE, traffic),
                comparison("Workloads", "What answered, in the time range.", SERVER, traffic),
            ),
            section("Security", requestsBySecurity(traffic), plaintext(traffic)),
            section("TCP", ...tcp(SERVICE, traffic)),
            section("Proxies", ...proxies([])),
        ],
    });
}
