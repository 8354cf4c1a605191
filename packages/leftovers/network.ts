/**
 * What Google Cloud leaves in a network after a cluster in it is gone: firewall rules of load balancers and network endpoint groups. While
 * they are there, Google refuses to delete the network (hashicorp/terraform-provider-google#5948 and #7637, kubernetes/ingress-gce#1720).
 */
import { messageOf, UserError } from "../shared/errors";
import { poll } from "../shared/poll";
import { Google } from "./google";

/** A network that a stack has made for one cluster. */
export interface ClusterNetwork {
    project: string;
    /** Its id: `projects/PROJECT/global/networks/NAME`. */
    network: string;
    /** The labels of the stack's own clusters. */
    labels: Readonly<Record<string, string>>;
}

/** The names that Google's controllers in a cluster give to what they make outside of it. */
const MADE_BY_CLUSTERS = /^(?:k8s\d?|gke)-/;

/**
 * Longest time until what is left is gone, and the time between two looks, in milliseconds. Google needs longer for a cluster, above all
 * for one that it is still making.
 */
const PATIENCE = { timeout: 300_000, interval: 5000, clusters: 2_400_000 };

/** Something that blocks a network. */
interface Leftover {
    /** In words, such as `firewall rule k8s-1a2b-node-http-hc`. */
    what: string;
    /** Its path in its API. */
    path: string;
}

/**
 * Removes what clusters that are gone have left in a network. While a cluster of others uses the network, it may belong to that one, so
 * nothing is touched. A cluster with the stack's labels is the stack's own, although its state does not know it: the deployment was
 * interrupted while Google made it.
 * @returns a message about what was found, or why it was not looked for; undefined if there is nothing to say
 */
export async function removeFromNetwork(
    place: ClusterNetwork,
    stop: AbortSignal,
    patience = PATIENCE,
): Promise<string | undefined> {
    const found = new Map<string, Leftover>();
    try {
        const google = await Google.connect(stop);
        const refuseOthers = async () => {
            const others = await othersIn(place, google);
            if (others !== undefined) {
                throw new UserError(`${others}. So nothing was removed there`);
            }
        };
        await refuseOthers();
        const { interval, clusters: timeout } = patience;
        await poll(
            async () => {
                const own = (await clustersIn(place, google)).filter(({ isOwn }) => isOwn);
                for (const { name, location } of own) {
                    const path = `projects/${place.project}/locations/${location}/clusters/${name}`;
                    found.set(path, { what: `cluster ${name} of an interrupted deployment`, path });
                    await google.remove("container", path);
                }
                return own.length === 0;
            },
            { interval, timeout },
        );
        const isGone = await poll(async () => {
            await refuseOthers();
            const now = await leftoversIn(place, google);
            for (const leftover of now) {
                found.set(leftover.path, leftover);
                await google.remove("compute", leftover.path);
            }
            return now.length === 0;
        }, patience);
        const list = [...found.values()].map(({ what }) => what).join(", ");
        if (!isGone) {
            return `Google has left ${list} in ${place.network}, and has not deleted it in ${patience.timeout / 60_000} minutes. Run pulumi destroy again.`;
        }
        return found.size === 0 ? undefined : `Removed what Google had left in ${place.network}: ${list}.`;
    } catch (error) {
        // Google itself says what still is there, when the network is deleted.
        return `What Google has left in ${place.network} may still be there. ${messageOf(error)}.`;
    }
}

/** Who else may use a network: a cluster in it, or another project. Undefined if nobody else does. */
async function othersIn(place: ClusterNetwork, google: Google): Promise<string | undefined> {
    const { project } = place;
    const { xpnProjectStatus } = await google.get<{ xpnProjectStatus?: string }>("compute", `projects/${project}`);
    if (xpnProjectStatus === "HOST") {
        return `The project ${project} shares its networks with other projects`;
    }
    const foreign = (await clustersIn(place, google)).filter(({ isOwn }) => !isOwn).map(({ name }) => name);
    return foreign.length > 0 ? `Other clusters use the network: ${foreign.join(", ")}` : undefined;
}

interface Cluster {
    name: string;
    location: string;
    networkConfig?: { network?: string };
    resourceLabels?: Record<string, string>;
}

/** The clusters in a network, and whether they have the stack's labels. */
async function clustersIn({ project, network, labels }: ClusterNetwork, google: Google) {
    const path = `projects/${project}/locations/-/clusters`;
    const { clusters = [] } = await google.get<{ clusters?: Cluster[] }>("container", path);
    return clusters
        .filter(({ networkConfig }) => isIn(network, networkConfig?.network))
        .map(({ name, location, resourceLabels = {} }) => ({
            name,
            location,
            isOwn:
                Object.keys(labels).length > 0 &&
                Object.entries(labels).every(([key, value]) => resourceLabels[key] === value),
        }));
}

/** Whether an address is that of a network of the same project, which can be named by its id or its number. */
function isIn(network: string, address = ""): boolean {
    return address.endsWith(`/networks/${network.replace(/^.*\//, "")}`);
}

interface Named {
    name: string;
    network: string;
    selfLink: string;
}

async function leftoversIn(place: ClusterNetwork, google: Google): Promise<Leftover[]> {
    const { project, network } = place;
    const rules = await google.list<Named[]>(`projects/${project}/global/firewalls`);
    const groups = await google.list<Record<string, { networkEndpointGroups?: Named[] }>>(
        `projects/${project}/aggregated/networkEndpointGroups`,
    );
    const named = {
        "firewall rule": rules.flat(),
        "network endpoint group": groups.flatMap((page) =>
            Object.values(page).flatMap(({ networkEndpointGroups = [] }) => networkEndpointGroups),
        ),
    };
    return Object.entries(named).flatMap(([kind, objects]) =>
        objects
            .filter((object) => MADE_BY_CLUSTERS.test(object.name) && isIn(network, object.network))
            .map(({ name, selfLink }) => ({
                what: `${kind} ${name}`,
                path: selfLink.replace(/^.*?(?=projects\/)/, ""),
            })),
    );
}
