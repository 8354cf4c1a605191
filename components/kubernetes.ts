/**
 * The Kubernetes classes that this program declares. The package's index has the same classes, but loads 120 further files,
 * which would take longer than all of this program's own code.
 */
export { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource";
export { Deployment } from "@pulumi/kubernetes/apps/v1/deployment";
export { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap";
export { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
export { NamespacePatch } from "@pulumi/kubernetes/core/v1/namespacePatch";
export { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim";
export { Secret } from "@pulumi/kubernetes/core/v1/secret";
export { Service } from "@pulumi/kubernetes/core/v1/service";
export { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount";
export { Release } from "@pulumi/kubernetes/helm/v3/release";
export { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy";
export { Provider } from "@pulumi/kubernetes/provider";
export { Role } from "@pulumi/kubernetes/rbac/v1/role";
export { RoleBinding } from "@pulumi/kubernetes/rbac/v1/roleBinding";
