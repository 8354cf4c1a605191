import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { dashboards, HOME } from "../../components/addons/grafana/dashboards/dashboards";
import { PROMETHEUS } from "../../components/addons/grafana/datasource";
import { Grafana, grafanaSpec } from "../../components/addons/grafana/grafana";
import { SCRAPE_INTERVAL } from "../../components/addons/prometheus";
import { listenToMonitor } from "../../packages/cli/program/monitor";

const SETTINGS = { image: "registry.example/grafana:12.4.3", prometheusUrl: "http://prometheus:9090" };
const SPEC = grafanaSpec(SETTINGS, "the-secret");

/** The path and content of a config volume. */
function directory(volume: string): { path: string; files: Record<string, string> } {
    const found = SPEC.config?.[volume];
    if (!found) {
        throw new Error(`no volume ${volume}`);
    }
    return found;
}

describe("Grafana's pod", () => {
    it("runs the image as the image's user, on Grafana's well-known port", () => {
        expect(SPEC).toMatchObject({ name: "grafana", image: SETTINGS.image, user: 472, ports: { http: 3000 } });
        expect(SPEC.command).toBeUndefined();
        expect(SPEC.probes).toEqual({ port: "http", live: "/healthz", ready: "/api/health" });
    });

    it("can write only to Grafana's database and temporary files", () => {
        expect(Object.values(SPEC.storage ?? {}).map(({ path }) => path)).toEqual(["/var/lib/grafana", "/tmp"]);
        expect(SPEC.env).toMatchObject({ GF_LOG_MODE: "console" });
    });

    it("gives everyone read access, and only the administrator write access", () => {
        expect(SPEC.env).toMatchObject({
            GF_AUTH_ANONYMOUS_ENABLED: "true",
            GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
            GF_USERS_VIEWERS_CAN_EDIT: "false",
            GF_USERS_ALLOW_SIGN_UP: "false",
            GF_SNAPSHOTS_ENABLED: "false",
            GF_METRICS_ENABLED: "false",
            GF_SECURITY_ADMIN_USER: "admin",
            GF_SECURITY_ADMIN_PASSWORD: { secretKeyRef: { name: "the-secret", key: "admin-password" } },
        });
    });

    it("sends no requests to the internet", () => {
        expect(SPEC.env).toMatchObject({
            GF_ANALYTICS_REPORTING_ENABLED: "false",
            GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
            GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
            GF_NEWS_NEWS_FEED_ENABLED: "false",
            GF_SECURITY_DISABLE_GRAVATAR: "true",
            GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
            GF_PLUGINS_PREINSTALL_DISABLED: "true",
            GF_PLUGINS_PREINSTALL_AUTO_UPDATE: "false",
            GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
            GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
        });
    });
});

describe("provisioning", () => {
    it("defines the data source of the dashboards, in Grafana's directory for it", () => {
        const { path, files } = directory("datasources");
        expect(path).toBe("/etc/grafana/provisioning/datasources");
        expect(parse(files["prometheus.yaml"] ?? "")).toEqual({
            apiVersion: 1,
            datasources: [
                {
                    type: PROMETHEUS.type,
                    uid: "prometheus",
                    name: "Prometheus",
                    access: "proxy",
                    url: "http://prometheus:9090",
                    isDefault: true,
                    editable: false,
                    jsonData: { httpMethod: "POST", timeInterval: SCRAPE_INTERVAL },
                },
            ],
        });
    });

    it("tells Grafana the directory of the dashboards, and to open the mesh first", () => {
        const { path, files } = directory("providers");
        expect(path).toBe("/etc/grafana/provisioning/dashboards");
        const dashboardDirectory = directory("dashboards");
        expect(parse(files["istio.yaml"] ?? "")).toMatchObject({
            apiVersion: 1,
            providers: [{ type: "file", allowUiUpdates: false, options: { path: dashboardDirectory.path } }],
        });
        expect(dashboardDirectory.files).toEqual(dashboards());
        expect(SPEC.env).toMatchObject({
            GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${dashboardDirectory.path}/${HOME}`,
        });
    });

    it("mounts no directory into another", () => {
        const paths = [...Object.values(SPEC.config ?? {}), ...Object.values(SPEC.storage ?? {})].map(
            ({ path }) => path,
        );
        for (const path of paths) {
            expect(paths.filter((other) => other.startsWith(`${path}/`) || other === path)).toEqual([path]);
        }
    });
});

describe("the administrator's password", () => {
    /** Runs the component; `kept` is the password of the Secret from an earlier run. */
    async function deploy(kept?: string) {
        const secrets: { inputs: unknown }[] = [];
        const ignored: string[][] = [];
        await pulumi.runtime.setMocks({
            call: () => ({}),
            newResource: ({ type, name, inputs }) => {
                const state = inputs as Record<string, unknown>;
                if (type !== SECRET) {
                    return { id: name, state };
                }
                secrets.push({ inputs });
                return { id: name, state: kept ? { ...state, data: { "admin-password": encoded(kept) } } : state };
            },
        });
        listenToMonitor(({ type, ignoreChanges }) => {
            if (type === SECRET) {
                ignored.push(ignoreChanges);
            }
        });

        const { adminPassword } = new Grafana("grafana", { ...SETTINGS, namespace: "somewhere" });
        const output = adminPassword as unknown as { promise(): Promise<string>; isSecret: Promise<boolean> };
        const result = { password: await output.promise(), isSecret: await output.isSecret };
        await pulumi.runtime.disconnect();
        return { ...result, secrets, ignored };
    }

    const SECRET = "kubernetes:core/v1:Secret";

    function encoded(text: string): string {
        return Buffer.from(text).toString("base64");
    }

    it("is generated, long, and in a Secret with a fixed name", async () => {
        const { password, isSecret, secrets } = await deploy();
        expect(password).toMatch(/^[\w-]{32}$/);
        expect(isSecret).toBe(true);
        expect(secrets).toHaveLength(1);
        expect(secrets[0]?.inputs).toMatchObject({
            metadata: { name: "grafana-admin", namespace: "somewhere" },
            // The engine encrypts it, so it is wrapped.
            data: { value: { "admin-password": encoded(password) } },
        });
    });

    it("is different in each stack", async () => {
        expect((await deploy()).password).not.toBe((await deploy()).password);
    });

    it("is that of the Secret, even if a later run generates another one", async () => {
        const { password, ignored } = await deploy("of the first run");
        expect(password).toBe("of the first run");
        expect(ignored).toEqual([["data"]]);
    });
});
