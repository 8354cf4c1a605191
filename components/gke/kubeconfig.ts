import { stringify } from "yaml";
import { AUTH_PLUGIN, authPluginArgs } from "../../packages/shared/gcloudPlugin";

interface Identity {
    project: string;
    location: string;
    name: string;
}

/** How to reach a cluster. */
interface Access extends Identity {
    /** Host name or IP address of the control plane. */
    endpoint: string;
    /** The CA of the control plane's certificate, PEM in base64; undefined for a public CA. */
    caCertificate?: string;
}

/** The name that gcloud gives the cluster's context in a kubeconfig. */
export function contextName({ project, location, name }: Identity): string {
    return `gke_${project}_${location}_${name}`;
}

/**
 * A kubeconfig of one cluster, as YAML. It has no credentials: the plugin uses the application-default credentials, like
 * the Google Cloud provider that creates the cluster. If there is an access token for gcloud, the plugin uses it.
 *
 * @param env Of the process that deploys. The kubeconfig is the same wherever the same kind of credentials is used.
 */
export function gkeKubeconfig(access: Access, env: Readonly<Record<string, string | undefined>> = process.env): string {
    const name = contextName(access);
    const args = authPluginArgs(env);
    const cluster = {
        server: `https://${access.endpoint}`,
        ...(access.caCertificate !== undefined && { "certificate-authority-data": access.caCertificate }),
    };
    const exec = {
        // The only version that the plugin supports (kubernetes/cloud-provider-gcp, cred.go).
        apiVersion: "client.authentication.k8s.io/v1beta1",
        command: AUTH_PLUGIN,
        ...(args.length > 0 && { args }),
        installHint: "Install it by: gcloud components install gke-gcloud-auth-plugin",
        interactiveMode: "Never",
        provideClusterInfo: true,
    };
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": name,
        clusters: [{ name, cluster }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        users: [{ name, user: { exec } }],
    });
}

/** The command that adds the cluster to the user's own kubeconfig. */
export function getCredentialsCommand({ project, location, name }: Identity, byDns: boolean): string {
    const place = `--location ${location} --project ${project}`;
    return `gcloud container clusters get-credentials ${name} ${place}${byDns ? " --dns-endpoint" : ""}`;
}
