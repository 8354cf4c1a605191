/**
 * The provider of `bookinfo-mesh:istio:Leftovers`, which the engine starts beside the provider of Kubernetes (Pulumi.yaml,
 * `plugins`). Creating the resource does nothing. Deleting it removes what Istio has left, after Istio's releases.
 */
// Not the whole SDK, which takes three times as long to load: every preview starts this provider.
import * as log from "@pulumi/pulumi/log";
import { main, type Provider } from "@pulumi/pulumi/provider";
import { messageOf } from "../shared/errors";
import { unwrapSecrets } from "../shared/secrets";
import type { KubectlTarget } from "../shared/shell";
import type * as Leftovers from "./leftovers";

/** The resource's inputs, which are also its outputs. */
interface Properties {
    kubeconfig: string;
    reachedBy: KubectlTarget;
}

const stop = new AbortController();

const provider: Provider = {
    create: (_, inputs: unknown) => Promise.resolve({ id: "leftovers", outs: inputs }),
    update: (_id, _urn, _olds, news: unknown) => Promise.resolve({ outs: news }),
    delete: async (_id, _urn, properties: unknown) => {
        const { kubeconfig, reachedBy } = unwrapSecrets(properties).value as Properties;
        try {
            // Loaded only here, because the Kubernetes client takes a second to load.
            const { connectAndRemove } = require("./leftovers") as typeof Leftovers;
            const notice = await connectAndRemove(kubeconfig, reachedBy, stop.signal);
            if (notice !== undefined) {
                await log.warn(notice);
            }
        } catch (error) {
            // The SDK prints the stack of an error; the engine shows the message itself.
            throw Object.assign(new Error(messageOf(error)), { stack: "" });
        }
    },
    cancel: () => {
        stop.abort();
        return Promise.resolve();
    },
};

void main(provider, process.argv.slice(2));
