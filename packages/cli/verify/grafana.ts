import { askAddon, checkAddon, logsOf } from "./addon";
import { type Check, failed, ok } from "./check";

export const checkGrafana: Check = (mesh, stop) =>
    checkAddon(mesh, "grafana", () => {
        const remedy = logsOf(mesh, "grafana");
        return askAddon(mesh, "grafana", { path: "/api/health", remedy, stop }, (health) => {
            const { database = "unknown", version = "" } = health as { database?: string; version?: string };
            if (database !== "ok") {
                return failed(`Grafana's health says that its database is ${database}`, remedy);
            }
            return askAddon(mesh, "grafana", { path: "/api/search?type=dash-db", remedy, stop }, (dashboards) => {
                const count = Array.isArray(dashboards) ? dashboards.length : 0;
                return count > 0
                    ? ok(`Grafana ${version} with ${count} dashboards`)
                    : failed("Grafana shows no dashboard to a visitor", mesh.commands.redeploy);
            });
        });
    });
