import { controlPlane } from "./controlPlane";
import { mesh } from "./mesh";
import { service } from "./service";
import { workload } from "./workload";

/** The dashboard that Grafana opens first. */
export const HOME = "mesh.json";

/** The JSON of all dashboards, by the names of their files. */
export function dashboards(): Record<string, string> {
    return {
        [HOME]: mesh(),
        "service.json": service(),
        "workload.json": workload(),
        "control-plane.json": controlPlane(),
    };
}
