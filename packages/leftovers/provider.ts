/**
 * The provider of `bookinfo-mesh:istio:Leftovers`, which the engine starts beside the provider of Kubernetes (Pulumi.yaml,
 * `plugins`). Creating the resource does nothing. Deleting it removes what Istio has left, after Istio's releases.
 */
// Not the whole SDK, which takes three times as long to load: every preview starts this provider.
import * as log from "@pulumi/pulumi/log";
import { main, type Provider } from "@pulumi/pulumi/provider";
import { messageOf } from "../shared/errors";
import { unwrapSecrets } from "../shared/secrets";
import { countsAsGone } from "./gone";
import type * as Leftovers from "./leftovers";

const stop = new AbortController();

const provider: Provider = {
    create: (_, inputs: unknown) => Promise.resolve({ id: "leftovers", outs: inputs }),
    update: (_id, _urn, _olds, news: unknown) => Promise.resolve({ outs: news }),
    read: async (id, _urn, properties: unknown) => {
        // Without the user's word no cluster counts as gone, and a refresh need not ask it.
        const gone = countsAsGone()
            ? await reportingErrors(() => leftovers().whyGone(clusterIn(properties)))
            : undefined;
        if (gone === undefined) {
            return { id, props: properties };
        }
        await log.warn(gone);
        return { id: "", props: {} };
    },
    delete: async (_id, _urn, properties: unknown) => {
        const notice = await reportingErrors(() => leftovers().connectAndRemove(clusterIn(properties), stop.signal));
        if (notice !== undefined) {
            await log.warn(notice);
        }
    },
    cancel: () => {
        stop.abort();
        return Promise.resolve();
    },
};

/** Loaded only when it is needed, because the Kubernetes client takes a second to load. */
function leftovers(): typeof Leftovers {
    return require("./leftovers") as typeof Leftovers;
}

/** The cluster in the resource's properties, which are its inputs and its outputs. */
function clusterIn(properties: unknown): Leftovers.LeftoversCluster {
    return unwrapSecrets(properties).value as Leftovers.LeftoversCluster;
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
