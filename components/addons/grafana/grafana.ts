import * as pulumi from "@pulumi/pulumi";
import { ADDONS } from "../../names";
import { Addon, type AddonPlace } from "../addon";
import { type AddonSpec, labelsOf } from "../deployment";
import { generatedSecret } from "../generatedSecret";
import { SCRAPE_INTERVAL } from "../prometheus";
import type * as Dashboards from "./dashboards/dashboards";
import { DASHBOARD_PATH, datasourceFile, providerFile, PROVISIONING_PATH } from "./provisioning";
import { settings } from "./settings";

export interface GrafanaArgs extends AddonPlace {
    /** The image with its tag: Grafana 12 or 13. */
    image: string;
    /** Prometheus, as Grafana's server reaches it. */
    prometheusUrl: string;
}

/** Grafana with dashboards for the mesh. Anyone who reaches its port can view them; only `admin` can make changes. */
export class Grafana extends pulumi.ComponentResource {
    /** The password of `admin`. Secret. */
    public readonly adminPassword: pulumi.Output<string>;

    constructor(name: string, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:addons:Grafana", name, args, opts);

        const { namespace, pullSecrets, clusterAssignsUsers } = args;
        const admin = generatedSecret(
            `${name}-admin`,
            { ...ADMIN_PASSWORD, namespace, labels: labelsOf("grafana") },
            { parent: this },
        );
        const spec = grafanaSpec(args, admin.metadata.name);
        new Addon(name, { ...spec, namespace, pullSecrets, clusterAssignsUsers }, { parent: this });

        // Not the value that this run generated, but the one that the Secret has kept since the first run.
        this.adminPassword = pulumi.secret(
            admin.data.apply((data) => Buffer.from(data[ADMIN_PASSWORD.key] ?? "", "base64").toString()),
        );
        this.registerOutputs({ adminPassword: this.adminPassword });
    }
}

/** The Secret with the password, for users with kubectl. */
const ADMIN_PASSWORD = { secret: "grafana-admin", key: "admin-password" };

export function grafanaSpec(
    { image, prometheusUrl }: Omit<GrafanaArgs, "namespace" | "pullSecrets">,
    adminSecret: pulumi.Input<string>,
): AddonSpec {
    // Loaded only here: the SDK of Grafana is as large as the rest of the program, and this add-on can be off.
    const { dashboards, HOME } = require("./dashboards/dashboards") as typeof Dashboards;
    return {
        name: "grafana",
        image,
        // The image's own user.
        user: 472,
        ports: { http: ADDONS.grafana.port },
        probes: { port: "http", live: "/healthz", ready: "/api/health" },
        env: {
            ...settings(`${DASHBOARD_PATH}/${HOME}`),
            GF_SECURITY_ADMIN_PASSWORD: { secretKeyRef: { name: adminSecret, key: ADMIN_PASSWORD.key } },
        },
        config: {
            datasources: {
                path: `${PROVISIONING_PATH}/datasources`,
                files: { "prometheus.yaml": datasourceFile(prometheusUrl, SCRAPE_INTERVAL) },
            },
            providers: { path: `${PROVISIONING_PATH}/dashboards`, files: { "istio.yaml": providerFile() } },
            dashboards: { path: DASHBOARD_PATH, files: dashboards() },
        },
        storage: {
            // Grafana's database. A new pod creates a new one: only sessions and preferences are lost, the rest is provisioned.
            data: { path: "/var/lib/grafana", size: "256Mi" },
            // Sockets of data source plugins.
            tmp: { path: "/tmp", size: "64Mi" },
        },
        resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    };
}
