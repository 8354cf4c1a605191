/** gcloud's plugin for Kubernetes clients: it prints an access token by Google's credentials. */
export const AUTH_PLUGIN = "gke-gcloud-auth-plugin";

/**
 * The variable with an access token for gcloud and its plugin. The plugin reads it since 2023, and not if it is told to use the
 * application-default credentials (kubernetes/cloud-provider-gcp#474).
 */
export const TOKEN_VARIABLE = "CLOUDSDK_AUTH_ACCESS_TOKEN";

/** How the plugin gets the credentials that the Google Cloud provider uses. */
export function authPluginArgs(env: Readonly<Record<string, string | undefined>>): string[] {
    return env[TOKEN_VARIABLE] ? [] : ["--use_application_default_credentials"];
}
