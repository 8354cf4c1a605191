import { ConfigError } from "../../../config/issues";
import { type Config, parseConfig } from "../../../config/parse";
import { type AddonName, ISTIO_NAMESPACE, SWITCHES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { ObjectReference } from "../../kubernetes/object";
import type { Target } from "../target/target";
import { UserError } from "../../shared/errors";
import { readStackConfig, readStackFile } from "../program/projectConfig";
import { PROJECT_NAME } from "../../shared/project";
import { ADDON_NAMES, isDeployed } from "./addons";

/** The policy by which the program makes mutual TLS strict in the whole mesh. */
export const STRICT_MTLS: ObjectReference = {
    apiVersion: "security.istio.io/v1",
    kind: "PeerAuthentication",
    metadata: { name: "default", namespace: ISTIO_NAMESPACE },
};

/** What of the mesh is switched on. */
export interface Switches {
    on: Readonly<Record<"mtls" | AddonName, boolean>>;
    /** Namespace of Bookinfo. */
    appNamespace: string;
    /** Whether the stack's config says so, or only what the cluster has. */
    configured: boolean;
    /** Where this is known from, in words. */
    source: string;
}

/** What a stack's config switches on; where it cannot be read, what the cluster has. */
export async function readSwitches(target: Target, api: ClusterApi): Promise<Switches> {
    let config: Config;
    try {
        config = configOf(target);
    } catch (error) {
        if (error instanceof UserError || error instanceof ConfigError) {
            // The first line is a heading where more follow.
            const [heading = "", reason = heading] = error.message.split("\n");
            const source = `what the cluster has, for the stack's config cannot be used here: ${reason.trim()}`;
            return { ...(await switchesInCluster(api)), configured: false, source };
        }
        throw error;
    }
    const file = `Pulumi.${target.stack}.yaml`;
    const source = readStackFile(target.stack) ? file : `the defaults, for there is no ${file}`;
    return { ...switchesOf(config), configured: true, source };
}

function switchesOf({ istio, app }: Config): Pick<Switches, "on" | "appNamespace"> {
    const addons = ADDON_NAMES.map((addon) => [addon, istio[SWITCHES[addon]].enabled]);
    return {
        on: { mtls: istio.global.mtls.enabled, ...(Object.fromEntries(addons) as Record<AddonName, boolean>) },
        appNamespace: app.namespace,
    };
}

function configOf({ stack, named, cluster }: Target): Config {
    const namespace = `${PROJECT_NAME}:`;
    const config = Object.entries(readStackConfig(stack, named ? cluster : undefined))
        .filter(([key]) => key.startsWith(namespace))
        .map(([key, value]) => [key.slice(namespace.length), value]);
    return parseConfig(Object.fromEntries(config) as Record<string, string>);
}

async function switchesInCluster(api: ClusterApi): Promise<Pick<Switches, "on" | "appNamespace">> {
    const [policy, productpages, addons] = await Promise.all([
        api.read(STRICT_MTLS),
        api.list("apps/v1", "Deployment", { labelSelector: "app=productpage" }),
        Promise.all(ADDON_NAMES.map(async (addon) => [addon, await isDeployed(api, addon)] as const)),
    ]);
    return {
        on: { mtls: policy !== undefined, ...(Object.fromEntries(addons) as Record<AddonName, boolean>) },
        appNamespace: productpages[0]?.metadata.namespace ?? "default",
    };
}
