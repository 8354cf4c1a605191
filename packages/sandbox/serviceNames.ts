/** The services in the order of their start. */
export const startOrder = {
    first: ["etcd", "kube-apiserver", "containerd"],
    /** They call the API server when they start, and exit if it does not answer. */
    afterApiServer: ["kube-controller-manager", "kube-scheduler", "coredns", "kube-proxy", "load-balancer"],
    /** It exits if containerd does not answer. */
    afterContainerd: ["kubelet"],
} as const;

/** All services, in the order of their start. */
export const serviceNames = [...startOrder.first, ...startOrder.afterApiServer, ...startOrder.afterContainerd] as const;

/** Name of a service, as the command `logs` takes it. */
export type ServiceName = (typeof serviceNames)[number];
