import { askAddon, checkAddon, logsOf } from "./addon";
import { type Check, failed, ok } from "./check";

/** Grafana answers, and has dashboards that everybody may see. */
export const checkGrafana: Check = (mesh, stop) =>
    checkAddon(mesh, "grafana", async () => {
        const logs = logsOf(mesh, "grafana");
        const answer = await askAddon(mesh, "grafana", "/api/health", { stop });
        if (answer.instead !== undefined) {
            return failed(answer.instead, logs);
        }
        const { database, version = "" } = answer.json as { database?: string; version?: string };
        if (database !== "ok") {
            return failed(`Grafana's database is ${database ?? "not mentioned"} in its health`, logs);
        }
        const { json: dashboards } = await askAddon(mesh, "grafana", "/api/search?type=dash-db", { stop });
        const count = Array.isArray(dashboards) ? dashboards.length : 0;
        return count > 0
            ? ok(`Grafana ${version} with ${count} dashboards`)
            : failed("Grafana shows no dashboard to a visitor", mesh.commands.redeploy);
    });
