import { stringify } from "yaml";
import { PROMETHEUS } from "./datasource";

/** Where Grafana finds dashboards. The provider below says so to Grafana. */
export const DASHBOARD_PATH = "/etc/grafana/dashboards";

/** Where the image looks for provisioning files (`GF_PATHS_PROVISIONING` in its Dockerfile). */
export const PROVISIONING_PATH = "/etc/grafana/provisioning";

/** The data source, as a provisioning file. `scrapeInterval` bounds how far graphs look back: four times as long. */
export function datasourceFile(prometheusUrl: string, scrapeInterval: string): string {
    return stringify({
        apiVersion: 1,
        datasources: [
            {
                ...PROMETHEUS,
                name: "Prometheus",
                url: prometheusUrl,
                // Grafana's server asks, not the browser, which only has a port-forward to Grafana.
                access: "proxy",
                isDefault: true,
                editable: false,
                jsonData: { httpMethod: "POST", timeInterval: scrapeInterval },
            },
        ],
    });
}

/** Where the dashboards come from, as a provisioning file. */
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
