import type { HelmValues } from "../components/istio/merge";
import type { IstioSettings } from "../components/istio/values";
import { istioFaults } from "./crossFieldChecks";
import { type ClusterConfig, clusterConfig } from "./cluster";
import { ConfigError, type Fault, inPulumi, unknownKey } from "./faults";
import { absolute, type Files, localFiles } from "./files";
import type { GoogleConfig } from "./gke";
import { autoscalingOf, resourcesOf } from "./profiles";
import { type Section, SECTIONS } from "./schema";
import { parsed } from "./section";
import { type Addons, addonsOf } from "./addons";

/** The whole config, checked and complete: profiles are worked in, defaults filled in, files read. */
export interface Config {
    readonly cluster: Readonly<ClusterConfig>;
    readonly istio: Readonly<IstioSettings> &
        Addons & {
            readonly version: string;
            readonly chartRepository: string;
            /** Longest time for each of Helm's operations, in seconds. */
            readonly timeout: number;
            readonly global: { readonly mtls: { readonly enabled: boolean } };
            readonly values: Readonly<Record<"base" | "istiod" | "gateway" | "kiali", HelmValues>>;
        };
    readonly app: Readonly<Section<"app">>;
    readonly bookinfo: Readonly<Section<"bookinfo">>;
}

/**
 * Checks a config and gives it its final form, deeply frozen.
 *
 * @param raw The project's keys without their namespace, each with its value as Pulumi hands it over: JSON for an object.
 * @param options.files What the machine has; by default what it really has.
 * @param options.secret The keys whose values must not be shown.
 * @param options.google The stack's config of the Google Cloud provider.
 * @throws ConfigError with all the faults there are.
 */
export function parseConfig(
    raw: Readonly<Record<string, string>>,
    { files = localFiles, secret = [], google = {} }: { files?: Files; secret?: string[]; google?: GoogleConfig } = {},
): Config {
    const set: Record<string, unknown> = Object.fromEntries(
        Object.entries(raw).map(([key, value]) => [key, decoded(value)]),
    );
    const unknown = Object.keys(set)
        .filter((key) => !Object.hasOwn(SECTIONS, key))
        .map((key) => unknownKey([key], set[key]));

    const cluster = parsed("cluster", set.cluster ?? {});
    const istio = parsed("istio", set.istio);
    const app = parsed("app", set.app);
    const bookinfo = parsed("bookinfo", set.bookinfo);

    const target = clusterConfig(set.cluster, cluster, { files, google });

    const faults = lastOfEachPath([
        ...unknown,
        ...cluster.faults,
        ...target.faults,
        ...istio.faults,
        ...(istio.value ? istioFaults(istio.value, files) : []),
        ...app.faults,
        ...bookinfo.faults,
    ]);
    if (faults.length > 0 || !target.config || !istio.value || !app.value || !bookinfo.value) {
        throw new ConfigError(
            faults.map((fault) => (secret.includes(fault.path[0] ?? "") ? { ...fault, value: "[secret]" } : fault)),
        );
    }
    return frozen({
        cluster: target.config,
        istio: completed(istio.value, files),
        app: app.value,
        bookinfo: bookinfo.value,
    });
}

/** Pulumi hands over objects as JSON and everything else as it is. */
function decoded(value: string): unknown {
    try {
        return JSON.parse(value);
    } catch {
        return value;
    }
}

/** A later check knows more of a key than an earlier one. */
function lastOfEachPath(faults: Fault[]): Fault[] {
    return [...new Map(faults.map((fault) => [inPulumi(fault.path), fault])).values()];
}

function completed(istio: Section<"istio">, files: Files): Config["istio"] {
    const { version, hub, tag, imagePullPolicy, timeout, profile, global, istiod, gateway, proxy, values } = istio;
    // Only ~ is resolved: a directory relative to the project stays so in the state, on whatever machine.
    const resolved = (repository: string) => (repository.startsWith("~") ? absolute(repository, files) : repository);
    return {
        version,
        chartRepository: resolved(istio.chartRepository),
        hub,
        tag: tag ?? version,
        imagePullPolicy,
        timeout,
        global,
        istiod: {
            resources: resourcesOf(profile, "istiod", istiod.resources),
            autoscaling: autoscalingOf(profile, istiod.autoscaling),
        },
        gateway: {
            resources: resourcesOf(profile, "gateway", gateway.resources),
            autoscaling: autoscalingOf(profile, gateway.autoscaling),
        },
        proxy: { resources: resourcesOf(profile, "proxy", proxy.resources) },
        ...addonsOf(istio),
        kiali: { ...istio.kiali, chartRepository: resolved(istio.kiali.chartRepository) },
        values,
    };
}

function frozen<T>(value: T): T {
    if (typeof value === "object" && value !== null) {
        Object.values(value).forEach(frozen);
        Object.freeze(value);
    }
    return value;
}
