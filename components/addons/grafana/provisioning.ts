import { stringify } from "yaml";
import { PROMETHEUS } from "./datasource";

/** The directory of the dashboards, which the provider below tells Grafana. */
export const DASHBOARD_PATH = "/etc/grafana/dashboards";

/** The image's directory of provisioning files (`GF_PATHS_PROVISIONING` in its Dockerfile). */
export const PROVISIONING_PATH = "/etc/grafana/provisioning";

/** The data source, as a provisioning file. Points of a graph have a window of at least four scrape intervals. */
export function datasourceFile(prometheusUrl: string, scrapeInterval: string): string {
    return stringify({
        apiVersion: 1,
        datasources: [
            {
                ...PROMETHEUS,
                name: "Prometheus",
                url: prometheusUrl,
                // Grafana's server sends the queries: the browser has only a port-forward to Grafana.
                access: "proxy",
                isDefault: true,
                editable: false,
                jsonData: { httpMethod: "POST", timeInterval: scrapeInterval },
            },
        ],
    });
}

/** The source of the dashboards, as a provisioning file. */
export function providerFile(): string {
    return stringify({
        apiVersion: 1,
        providers: [
            {
                name: "istio",
                type: "file",
                folder: "Istio",
                disableDeletion: true,
                allowUiUpdates: false,
                options: { path: DASHBOARD_PATH },
            },
        ],
    });
}
