import {
    CoreV1Api,
    KubeConfig,
    makeInformer,
    PatchStrategy,
    setHeaderOptions,
    type V1Service,
} from "@kubernetes/client-node";
import { messageOf } from "../../shared/errors";
import { network } from "../settings";
import { assignAddresses } from "./addressPool";

/*
 * Gives each Service of type LoadBalancer an address of the node that the machine can reach. kube-proxy routes the address as
 * soon as it is in the Service's status. This is one of the sandbox's services; its only argument is its kubeconfig.
 */

const kubeConfig = new KubeConfig();
kubeConfig.loadFromFile(process.argv[2] ?? "");
const core = kubeConfig.makeApiClient(CoreV1Api);
const informer = makeInformer(kubeConfig, "/api/v1/services", () => core.listServiceForAllNamespaces());

const keyOf = (service: V1Service) => `${service.metadata?.namespace ?? ""}/${service.metadata?.name ?? ""}`;
// A watch delivers a time as text, a list as a Date.
const madeAt = (service: V1Service) => new Date(service.metadata?.creationTimestamp ?? 0).getTime();
const heldBy = (service: V1Service) => service.status?.loadBalancer?.ingress?.[0]?.ip;

/** Corrects the address in the status of each Service. A Service that is no longer a load balancer loses its address. */
async function reconcile(): Promise<void> {
    const services = [...informer.list()].sort((a, b) => madeAt(a) - madeAt(b) || keyOf(a).localeCompare(keyOf(b)));
    const balanced = services.filter((service) => service.spec?.type === "LoadBalancer");
    const claims = balanced.map((one) => ({ key: keyOf(one), held: heldBy(one), wanted: one.spec?.loadBalancerIP }));
    const assigned = assignAddresses(network.loadBalancerPool, claims);
    for (const service of services) {
        const address = balanced.includes(service) ? assigned.get(keyOf(service)) : undefined;
        if (address !== heldBy(service)) {
            await writeAddress(service, address);
        }
    }
}

async function writeAddress(service: V1Service, address: string | undefined): Promise<void> {
    console.log(`${keyOf(service)}: ${address ?? "no address"}`);
    await core.patchNamespacedServiceStatus(
        {
            namespace: service.metadata?.namespace ?? "",
            name: service.metadata?.name ?? "",
            body: {
                // With this version the API server rejects the patch if the Service has changed. The informer then sees it again.
                metadata: { resourceVersion: service.metadata?.resourceVersion },
                status: { loadBalancer: { ingress: address ? [{ ip: address }] : null } },
            },
        },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
}

let queue = Promise.resolve();
const onChange = () => {
    queue = queue.then(reconcile).catch((error: unknown) => {
        console.error(messageOf(error));
    });
};
for (const event of ["add", "update", "delete"] as const) {
    informer.on(event, onChange);
}
informer.on("error", (error: unknown) => {
    console.error(messageOf(error));
    setTimeout(() => void informer.start().then(onChange), 1_000);
});
void informer.start();
