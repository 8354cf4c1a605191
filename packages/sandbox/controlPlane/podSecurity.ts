import * as path from "node:path";
import { stringify } from "yaml";
import { live } from "../paths";

/** Settings of the API server's admission plugins. */
export const admissionFile = path.join(live.config, "admission.yaml");

/**
 * The Pod Security level of the sandbox's namespaces. A label of a namespace comes first. istio-system may need more: Istio's CNI plugin
 * works on the node.
 */
export const admissionConfig = stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [
        {
            name: "PodSecurity",
            configuration: {
                apiVersion: "pod-security.admission.config.k8s.io/v1",
                kind: "PodSecurityConfiguration",
                defaults: { enforce: "baseline", "enforce-version": "latest" },
                exemptions: { namespaces: ["istio-system", "kube-system"] },
            },
        },
    ],
});

/** Bookinfo's namespace: without the CNI plugin, the init container of each pod needs NET_ADMIN, which "baseline" refuses. */
export const defaultNamespace = stringify({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "default", labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
});
