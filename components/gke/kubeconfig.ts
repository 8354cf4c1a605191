import { stringify } from "yaml";

/** gcloud's plugin for clients of Kubernetes: it turns Google's credentials into tokens. */
export const AUTH_PLUGIN = "gke-gcloud-auth-plugin";

/** How a cluster is reached. */
export interface Access {
    /** Google Cloud project. */
    project: string;
    location: string;
    /** Name of the cluster. */
    name: string;
    /** Host name or IP address of the control plane. */
    endpoint: string;
    /** The authority of the control plane's certificate, PEM in base64; left out where a public one has signed it. */
    caCertificate?: string;
}

/** The name that gcloud gives the cluster's context in a kubeconfig. */
export function contextName({ project, location, name }: Pick<Access, "project" | "location" | "name">): string {
    return `gke_${project}_${location}_${name}`;
}

/**
 * A kubeconfig of one cluster, as YAML. It holds no credential: the plugin takes the application-default credentials, the
 * same identity that the Google Cloud provider makes the cluster with.
 */
export function gkeKubeconfig(access: Access): string {
    const name = contextName(access);
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": name,
        clusters: [
            {
                name,
                cluster: {
                    server: `https://${access.endpoint}`,
                    ...(access.caCertificate !== undefined && { "certificate-authority-data": access.caCertificate }),
                },
            },
        ],
        contexts: [{ name, context: { cluster: name, user: name } }],
        users: [
            {
                name,
                user: {
                    exec: {
                        // The only version that the plugin answers in (kubernetes/cloud-provider-gcp, cred.go).
                        apiVersion: "client.authentication.k8s.io/v1beta1",
                        command: AUTH_PLUGIN,
                        args: ["--use_application_default_credentials"],
                        installHint: "Install it by: gcloud components install gke-gcloud-auth-plugin",
                        interactiveMode: "Never",
                        provideClusterInfo: true,
                    },
                },
            },
        ],
    });
}

/** The command that puts the cluster into the user's own kubeconfig. */
export function getCredentialsCommand(
    { project, location, name }: Pick<Access, "project" | "location" | "name">,
    byDns: boolean,
): string {
    const place = `--location ${location} --project ${project}`;
    return `gcloud container clusters get-credentials ${name} ${place}${byDns ? " --dns-endpoint" : ""}`;
}
