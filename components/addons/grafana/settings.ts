/** Settings as environment variables: `GF_<section>_<key>` for each key of Grafana's configuration file. */
export function settings(homeDashboard: string): Record<string, string> {
    return {
        // Anyone who reaches the port can view; only the administrator, with a password, can make changes.
        GF_AUTH_ANONYMOUS_ENABLED: "true",
        GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
        GF_USERS_VIEWERS_CAN_EDIT: "false",
        GF_USERS_ALLOW_SIGN_UP: "false",
        GF_SECURITY_ADMIN_USER: "admin",
        // A viewer could otherwise make snapshots, which anyone can then read, and read Grafana's own metrics.
        GF_SNAPSHOTS_ENABLED: "false",
        GF_METRICS_ENABLED: "false",

        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: homeDashboard,
        GF_LOG_MODE: "console",

        // Neither the server nor its pages send requests to the internet.
        GF_ANALYTICS_REPORTING_ENABLED: "false",
        GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
        GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
        GF_ANALYTICS_FEEDBACK_LINKS_ENABLED: "false",
        GF_NEWS_NEWS_FEED_ENABLED: "false",
        GF_SECURITY_DISABLE_GRAVATAR: "true",
        GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
        GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
        GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
        // Grafana 13 has the Prometheus data source as a plugin in its image. It tries to replace it by a newer one. On a
        // read-only file system no plugin is left then (grafana/grafana#132528). Both settings are necessary.
        GF_PLUGINS_PREINSTALL_DISABLED: "true",
        GF_PLUGINS_PREINSTALL_AUTO_UPDATE: "false",
    };
}
