import { run } from "./run";
import { UserError } from "../shared/errors";
import { runInside } from "./namespaces";
import { hostInterface, network } from "./settings";

/** The node's end of the link. */
const nodeInterface = "eth0";

/**
 * Links the machine with the sandbox's network namespace by a veth pair, and gives the node its addresses. The machine's routes, bridges
 * and firewall rules stay as they are: it only gets one more interface. The namespace has no route to anywhere else, so nothing leaves
 * the machine.
 */
export async function linkNetwork(init: number): Promise<void> {
    await run("ip", [
        "link",
        "add",
        hostInterface,
        "type",
        "veth",
        "peer",
        "name",
        nodeInterface,
        "netns",
        String(init),
    ]);
    await run("ip", ["addr", "add", `${network.hostAddress}/${network.prefixLength}`, "dev", hostInterface]);
    await run("ip", ["link", "set", hostInterface, "up"]);
    const inside = [
        "ip link set lo up",
        `ip addr add ${network.nodeAddress}/${network.prefixLength} dev ${nodeInterface}`,
        `ip link set ${nodeInterface} up`,
        // Addresses of the node itself, so that it answers for them (ARP) and kube-proxy's rules see what is sent to them.
        ...network.loadBalancerPool.map((address) => `ip addr add ${address}/32 dev lo`),
        // Any route will do: kube-proxy rewrites the destination, but only of packets that had somewhere to go.
        `ip route add ${network.serviceRange} dev ${nodeInterface}`,
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ];
    await runInside(init, "sh", ["-e", "-c", inside.join("\n")]);
}

/** Removes the machine's end of a link whose namespace is gone; usually the kernel already did. */
export async function unlinkNetwork(): Promise<void> {
    if (await hasInterface()) {
        await run("ip", ["link", "delete", hostInterface]);
    }
}

/** @throws UserError when the machine uses the sandbox's addresses for something else. */
export async function assertAddressesFree(): Promise<void> {
    // The table `local` has the addresses of all interfaces, loopback among them.
    const routes = await run("ip", ["route", "show", "table", "all", "root", network.prefix]);
    const foreign = routes.split("\n").find((route) => route.trim() && !route.includes(`dev ${hostInterface}`));
    if (foreign) {
        throw new UserError(
            `the addresses ${network.prefix}, which the sandbox needs, are in use on this machine: ${foreign.trim()}`,
        );
    }
}

async function hasInterface(): Promise<boolean> {
    const links = JSON.parse(await run("ip", ["-json", "link", "show"])) as { ifname: string }[];
    return links.some((link) => link.ifname === hostInterface);
}
