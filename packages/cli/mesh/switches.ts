import { ConfigError } from "../../../config/issues";
import type { Config } from "../../../config/parse";
import { drainSecondsOf } from "../../../components/istio/values";
import { type AddonName, CNI_DAEMON_SET, ISTIO_NAMESPACE, SWITCHES } from "../../../components/names";
import type { Security } from "../../../components/bookinfo/security";
import type { Traffic } from "../../../components/bookinfo/traffic";
import type { ClusterApi } from "../../kubernetes/api";
import type { ObjectReference } from "../../kubernetes/object";
import { configOf } from "../stack/config";
import type { Stack } from "../stack/stack";
import { UserError } from "../../shared/errors";
import { ADDON_NAMES, isDeployed } from "./addons";

/** The policy that makes mutual TLS strict in the whole mesh. */
export const STRICT_MTLS: ObjectReference = {
    apiVersion: "security.istio.io/v1",
    kind: "PeerAuthentication",
    metadata: { name: "default", namespace: ISTIO_NAMESPACE },
};

/** Istio's CNI plugin on each node. */
export const CNI_PLUGIN: ObjectReference = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: CNI_DAEMON_SET, namespace: ISTIO_NAMESPACE },
};

export interface Switches {
    on: Readonly<Record<"mtls" | AddonName, boolean>>;
    /** Whether Istio's CNI plugin is installed; undefined if not. */
    cni?: true;
    /** Whose certificate the ingress gateway has by the config; undefined if it has no HTTPS, or the config cannot be read. */
    https?: "user's" | "selfSigned";
    /** Namespace of Bookinfo. */
    appNamespace: string;
    /** The Prometheus that the config names, in place of the stack's; undefined if it names none, or cannot be read. */
    prometheusUrl?: string;
    /** Seconds for which connections of before a change keep their filters; Istio's default if the config cannot be read. */
    drainSeconds: number;
    /** How the config routes requests between the services; undefined if the config cannot be read. */
    traffic?: Traffic;
    /** What protects Bookinfo by the config; undefined if it cannot be read. */
    security?: Security;
    /** Whether this is from the stack's config, or else from the cluster. */
    configured: boolean;
    /** The source in words. */
    source: string;
}

/** What a stack's config switches on, or what the cluster has if the config cannot be read. */
export async function readSwitches(stack: Stack, api: ClusterApi): Promise<Switches> {
    let config: Config;
    try {
        config = configOf(stack);
    } catch (error) {
        if (error instanceof UserError || error instanceof ConfigError) {
            // If there are several lines, the first is a heading.
            const [heading = "", reason = heading] = error.message.split("\n");
            const source = `what the cluster has, because the stack's config cannot be used here: ${reason.trim()}`;
            return { ...(await switchesInCluster(api)), configured: false, source };
        }
        throw error;
    }
    const file = `Pulumi.${stack.name}.yaml`;
    const source = stack.file ? file : `the defaults, because ${file} does not exist`;
    return { ...switchesOf(config), configured: true, source };
}

type Found = Omit<Switches, "configured" | "source">;

function switchesOf({ istio, app, bookinfo }: Config): Found {
    return {
        ...(istio.cni && { cni: true }),
        on: { mtls: istio.global.mtls.enabled, ...byAddon(ADDON_NAMES.map((addon) => istio[SWITCHES[addon]].enabled)) },
        ...(istio.ingress.tls && { https: istio.ingress.tls.secret === undefined ? "selfSigned" : "user's" }),
        appNamespace: app.namespace,
        prometheusUrl: istio.prometheus.url,
        drainSeconds: drainSecondsOf(istio.values.istiod),
        traffic: bookinfo.traffic,
        security: bookinfo.security,
    };
}

async function switchesInCluster(api: ClusterApi): Promise<Found> {
    const [policy, plugin, productpages, addons] = await Promise.all([
        api.read(STRICT_MTLS),
        api.read(CNI_PLUGIN),
        api.list("apps/v1", "Deployment", { labelSelector: "app=productpage" }),
        Promise.all(ADDON_NAMES.map((addon) => isDeployed(api, addon))),
    ]);
    return {
        ...(plugin && { cni: true }),
        on: { mtls: policy !== undefined, ...byAddon(addons) },
        appNamespace: productpages[0]?.metadata.namespace ?? "default",
        drainSeconds: drainSecondsOf({}),
    };
}

function byAddon(on: boolean[]): Record<AddonName, boolean> {
    return Object.fromEntries(ADDON_NAMES.map((addon, index) => [addon, on[index]])) as Record<AddonName, boolean>;
}
