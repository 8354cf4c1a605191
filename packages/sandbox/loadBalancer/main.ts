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
import { assignAddresses, type Claim } from "./addressPool";

/*
 * The sandbox's cloud: gives each Service of type LoadBalancer an address of the node that the machine can reach. kube-proxy does the
 * rest as soon as the Service's status says so. Runs as a part of the sandbox; its only argument is the kubeconfig to use.
 */

const kubeConfig = new KubeConfig();
kubeConfig.loadFromFile(process.argv[2] ?? "");
const core = kubeConfig.makeApiClient(CoreV1Api);
const informer = makeInformer(kubeConfig, "/api/v1/services", () => core.listServiceForAllNamespaces());

const keyOf = (service: V1Service) => `${service.metadata?.namespace ?? ""}/${service.metadata?.name ?? ""}`;
// A watch delivers times as text, a list as dates.
const madeAt = (service: V1Service) => new Date(service.metadata?.creationTimestamp ?? 0).getTime();
const heldBy = (service: V1Service) => service.status?.loadBalancer?.ingress?.[0]?.ip;

function claimOf(service: V1Service): Claim {
    return { key: keyOf(service), held: heldBy(service), wanted: service.spec?.loadBalancerIP };
}

/** Writes the address into the status of each Service that shows another; those that stopped being load balancers lose theirs. */
async function reconcile(): Promise<void> {
    const services = [...informer.list()].sort((a, b) => madeAt(a) - madeAt(b) || keyOf(a).localeCompare(keyOf(b)));
    const balanced = services.filter((service) => service.spec?.type === "LoadBalancer");
    const assigned = assignAddresses(network.loadBalancerPool, balanced.map(claimOf));
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
                // The version read goes along: a Service that changed in between is refused, and seen again by the informer.
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
