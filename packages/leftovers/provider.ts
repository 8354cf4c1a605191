/**
 * The provider of the program's own resources, which the engine starts beside the provider of Kubernetes (Pulumi.yaml,
 * `plugins`):
 * - `bookinfo-mesh:istio:Leftovers`: deleting it removes what Istio has left, after Istio's releases. Creating it notes which
 *   cluster this is and, if the namespace of the control plane stays, what an earlier istiod has left there.
 * - `bookinfo-mesh:istio:Installed`: creating it marks the CRDs of the release that was just installed.
 * - `bookinfo-mesh:gke:Apis`: creating it takes until Google's APIs answer.
 * - `bookinfo-mesh:gke:NetworkLeftovers`: deleting it removes what Google has left in a network, after the cluster.
 * - `bookinfo-mesh:bookinfo:Propagation`: creating and deleting it takes the time that it has as `seconds`.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
// Not the whole SDK, which takes three times as long to load: every preview starts this provider.
import * as log from "@pulumi/pulumi/log";
import { main, type Provider } from "@pulumi/pulumi/provider";
import { messageOf } from "../shared/errors";
import { unwrapSecrets } from "../shared/secrets";
import { countsAsGone } from "./gone";
import type * as Apis from "./apis";
import type * as Leftovers from "./leftovers";
import type * as Network from "./network";

/** The resource's inputs, which are also its outputs. */
interface Properties extends Leftovers.LeftoversCluster {
    /** The namespace of the control plane, if it stays. */
    stayingNamespace?: string;
    /** Only an output: UIDs of what an earlier istiod had written into that namespace. */
    kept?: string[];
    /** Only an output: UID of the cluster's namespace kube-system. Resources of earlier versions have none, and no mark. */
    cluster?: string;
    /** Only an output: what the CRDs are marked with that this stack installs. */
    mark?: string;
}

/** What a resource remembers of its creation. */
const NOTES = ["kept", "cluster", "mark"] as const;

/** The inputs of `Installed`. */
interface Installed extends Leftovers.LeftoversCluster {
    /** That of `Leftovers`; undefined if an earlier version of this program has created that. */
    mark?: string;
}

const stop = new AbortController();

/** The resource's only input, which is also its output. */
interface Propagation {
    seconds: number;
}

const provider: Provider = {
    create: async (urn, inputs: unknown) => {
        switch (kindOf(urn)) {
            case "Propagation":
                await propagate(inputs);
                return { id: "propagation", outs: inputs };
            case "Apis": {
                const { waitForApis } = require("./apis") as typeof Apis;
                await warnOf(await waitForApis(unwrapSecrets(inputs).value as { project: string }, stop.signal));
                return { id: "apis", outs: inputs };
            }
            case "NetworkLeftovers":
                return { id: "network-leftovers", outs: inputs };
            case "Installed":
                await markInstalled(inputs);
                return { id: "installed", outs: inputs };
            default:
                return { id: "leftovers", outs: { ...(inputs as object), ...(await noted(inputs)) } };
        }
    },
    update: (_id, _urn, olds: unknown, news: unknown) => {
        // Only Leftovers have notes to keep.
        const noted = olds as Partial<Properties>;
        const notes = NOTES.flatMap((key) => (noted[key] === undefined ? [] : [[key, noted[key]] as const]));
        return Promise.resolve({ outs: { ...Object.fromEntries(notes), ...(news as object) } });
    },
    read: async (id, urn, properties: unknown) => {
        // Without the user's word no cluster counts as gone, and a refresh need not ask it.
        const gone =
            countsAsGone() && kindOf(urn) === "Leftovers"
                ? await reportingErrors(() => leftovers().whyGone(propertiesOf(properties)))
                : undefined;
        if (gone === undefined) {
            return { id, props: properties };
        }
        await log.warn(gone);
        return { id: "", props: {} };
    },
    delete: async (_id, urn, properties: unknown) => {
        switch (kindOf(urn)) {
            case "Propagation":
                await propagate(properties);
                return;
            case "Apis":
            case "Installed":
                return;
            case "NetworkLeftovers": {
                const { removeFromNetwork } = require("./network") as typeof Network;
                const place = unwrapSecrets(properties).value as Network.ClusterNetwork;
                await warnOf(await removeFromNetwork(place, stop.signal));
                return;
            }
            default: {
                const { stayingNamespace: name, kept = [], cluster, mark, ...reached } = propertiesOf(properties);
                const memory = { cluster, mark, ...(name !== undefined && { staying: { name, kept } }) };
                await warnOf(await reportingErrors(() => leftovers().connectAndRemove(reached, stop.signal, memory)));
            }
        }
    },
    cancel: () => {
        stop.abort();
        return Promise.resolve();
    },
};

/** The last part of a resource's type, such as `Apis`. In its URN, the types of its parents come before its own. */
function kindOf(urn: string): string | undefined {
    return /bookinfo-mesh:\w+:(\w+)::/.exec(urn)?.[1];
}

async function warnOf(notice: string | undefined): Promise<void> {
    if (notice !== undefined) {
        await log.warn(notice);
    }
}

async function propagate(properties: unknown): Promise<void> {
    const { seconds } = unwrapSecrets(properties).value as Propagation;
    await pause(seconds * 1000, undefined, { signal: stop.signal });
}

/** The outputs that a new resource has besides its inputs. */
async function noted(inputs: unknown): Promise<Pick<Properties, (typeof NOTES)[number]>> {
    const { stayingNamespace, ...cluster } = propertiesOf(inputs);
    const { identity, written } = await reportingErrors(() => leftovers().connectAndLook(cluster, stayingNamespace));
    return {
        mark: randomUUID(),
        ...(identity !== undefined && { cluster: identity }),
        ...(written && { kept: written }),
    };
}

async function markInstalled(inputs: unknown): Promise<void> {
    const { mark, ...cluster } = unwrapSecrets(inputs).value as Installed;
    if (mark !== undefined) {
        await reportingErrors(() => leftovers().connectAndMark(cluster, mark));
    }
}

function propertiesOf(properties: unknown): Properties {
    return unwrapSecrets(properties).value as Properties;
}

/** Loaded only when it is needed, because the Kubernetes client takes a second to load. */
function leftovers(): typeof Leftovers {
    return require("./leftovers") as typeof Leftovers;
}

async function reportingErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        // The SDK prints the stack of an error; the engine shows the message itself.
        throw Object.assign(new Error(messageOf(error)), { stack: "" });
    }
}

void main(provider, process.argv.slice(2));
