/** The services in the order of their start. */
export const startOrder = {
    first: ["etcd", "kube-apiserver", "containerd"],
    /** They call the API server when they start, and exit if it does not answer. */
    afterApiServer: ["kube-controller-manager", "kube-scheduler", "coredns", "kube-proxy", "load-balancer"],
    /** It exits if containerd does not answer. */
    afterContainerd: ["kubelet"],
    /** It is built after the page. */
    withAddons: ["kube-router"],
} as const;

/** All services, in the order of their start. */
export const serviceNames = [
    ...startOrder.first,
    ...startOrder.afterApiServer,
    ...startOrder.afterContainerd,
    ...startOrder.withAddons,
] as const;

/** Whether a service may be missing in a sandbox that is up: one without add-ons. */
export function isOptional(name: ServiceName): boolean {
    return startOrder.withAddons.some((each) => each === name);
}

/** Name of a service, as the command `logs` takes it. */
export type ServiceName = (typeof serviceNames)[number];
