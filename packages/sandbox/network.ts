import { outputOf } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { runInside } from "./namespaces";
import { hostInterface, network } from "./settings";

/** The node's end of the link. */
const nodeInterface = "eth0";

/**
 * Links the machine with the sandbox's network namespace by a veth pair, and gives the node its addresses. The machine gets
 * only one more interface; its routes, bridges and firewall rules stay unchanged. The namespace has no other route, so no
 * packet leaves the machine.
 */
export async function linkNetwork(init: number): Promise<void> {
    await ip(`link add ${hostInterface} type veth peer name ${nodeInterface} netns ${init}`);
    await ip(`addr add ${network.hostAddress}/${network.prefixLength} dev ${hostInterface}`);
    await ip(`link set ${hostInterface} up`);
    const inside = [
        "ip link set lo up",
        `ip addr add ${network.nodeAddress}/${network.prefixLength} dev ${nodeInterface}`,
        `ip link set ${nodeInterface} up`,
        // The node answers ARP requests only for its own addresses. kube-proxy's rules then see the packets.
        ...network.loadBalancerPool.map((address) => `ip addr add ${address}/32 dev lo`),
        // Any route works: kube-proxy rewrites the destination, but only of packets that have a route.
        `ip route add ${network.serviceRange} dev ${nodeInterface}`,
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ];
    await runInside(init, "sh", ["-e", "-c", inside.join("\n")]);
}

/** Removes the machine's end of a link whose namespace is gone. Usually the kernel has done that, or does it at the same time. */
export async function unlinkNetwork(): Promise<void> {
    if (await isLinked()) {
        await ip(`link delete ${hostInterface}`).catch(async (error: unknown) => {
            if (await isLinked()) {
                throw error;
            }
        });
    }
}

async function isLinked(): Promise<boolean> {
    const links = JSON.parse(await ip("-json link show")) as { ifname: string }[];
    return links.some(({ ifname }) => ifname === hostInterface);
}

/** @throws UserError if the machine already uses the sandbox's addresses */
export async function assertAddressesFree(): Promise<void> {
    // The table `local` has the addresses of all interfaces, including loopback.
    const routes = await ip(`route show table all root ${network.prefix}`);
    const foreign = routes.split("\n").find((route) => route.trim() && !route.includes(`dev ${hostInterface}`));
    if (foreign) {
        throw new UserError(
            `the sandbox needs the addresses ${network.prefix}, and this machine already uses them: ${foreign.trim()}`,
        );
    }
}

function ip(command: string): Promise<string> {
    return outputOf("ip", command.split(" "));
}
