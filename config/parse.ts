import type { ChartCredentials } from "../packages/shared/chartCredentials";
import { parseJson } from "../packages/shared/json";
import type { HelmValues } from "../components/istio/merge";
import type { Security } from "../components/bookinfo/security";
import type { Traffic } from "../components/bookinfo/traffic";
import type { GatewayService } from "../components/istio/gatewayService";
import type { IstioSettings } from "../components/istio/values";
import type { AccessLogs } from "../components/istio/telemetry";
import { resolveAccessLogs } from "./accessLogs";
import { type Addons, resolveAddons } from "./addons";
import { type ClusterConfig, resolveCluster } from "./cluster";
import { checkExistingNamespaces, checkIstio } from "./crossFieldChecks";
import { absolute, type Files, localFiles } from "./files";
import { checkReservedAddress } from "./gatewayChecks";
import type { GkeConfig, GoogleConfig } from "./gke";
import { imageCredentials, type PlainImageCredentials, resolveImages } from "./images";
import { type Ingress, ingressOf, isInternal } from "./ingress";
import { ConfigError, type ConfigIssue, inPulumi, SECRET, unknownKey } from "./issues";
import { checkPlatform, isCniEnabled, labelsOf, type PlatformSettings, resolvePlatform } from "./platform";
import { autoscalingOf, resourcesOf } from "./profiles";
import { type Section, SECTIONS } from "./schema";
import { parseSection } from "./section";
import { checkSecurity, resolveSecurity } from "./security";
import { checkTls } from "./tlsChecks";
import { checkTraffic, resolveTraffic } from "./traffic";
import { checkUserInfo } from "./userInfo";
import { valueAt } from "./valueAt";

/** The whole config, checked and complete: with the profile's values, with defaults, and with the files that it names. */
export interface Config {
    readonly cluster: Readonly<ClusterConfig>;
    readonly istio: Readonly<Omit<IstioSettings, keyof PlatformSettings>> &
        PlatformSettings &
        Addons & {
            readonly version: string;
            readonly chartRepository: string;
            readonly chartCredentials?: ChartCredentials;
            /** Digests of the charts' archives, which commands compare. */
            readonly chartDigest?: Section<"istio">["chartDigest"];
            /** Maximum time for each of Helm's operations, in seconds. */
            readonly timeout: number;
            readonly global: { readonly mtls: { readonly enabled: boolean } };
            readonly networkPolicies: boolean;
            readonly accessLogs?: AccessLogs;
            /** How clients reach the gateway, with what the Helm values say of it. */
            readonly ingress: Ingress;
            readonly values: Readonly<Record<"base" | "istiod" | "gateway" | "kiali", HelmValues>> & {
                readonly cni?: HelmValues;
            };
        };
    /** Credentials for images. The mirror is already part of their names. */
    readonly images: Readonly<PlainImageCredentials>;
    readonly app: Readonly<Omit<Section<"app">, "namespaceLabels">> & Pick<PlatformSettings, "namespaceLabels">;
    readonly bookinfo: Readonly<Omit<Section<"bookinfo">, "traffic" | "access" | "login" | "rateLimit">> & {
        readonly traffic: Traffic;
        readonly security: Security;
    };
}

/**
 * Checks a config and returns it in its final form, deeply frozen.
 *
 * @param raw The project's keys without their namespace, with the values that Pulumi passes: JSON for an object.
 * @param options.files Access to the machine's files; tests replace it.
 * @param options.secret The keys whose values must not be shown.
 * @param options.google The stack's config of the Google Cloud provider.
 * @throws ConfigError with all issues.
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

    const cluster = parseSection("cluster", set.cluster ?? {});
    const istio = parseSection("istio", set.istio);
    const images = parseSection("images", set.images);
    const app = parseSection("app", set.app);
    const bookinfo = parseSection("bookinfo", set.bookinfo);

    const target = resolveCluster(set.cluster, cluster, { files, google });

    const issues = lastOfEachPath([
        ...unknown,
        ...cluster.issues,
        ...target.issues,
        ...istio.issues,
        ...(istio.value ? checkIstio(istio.value, istio.sound, files) : []),
        ...(istio.value ? withoutConsequences(checkTls(istio.value, valueAt(set, ["istio"])), istio.issues) : []),
        ...(istio.value ? checkReservedAddress(cluster.value, istio.value) : []),
        ...(istio.value && app.value ? checkPlatform(istio.value, app.value, cluster.value?.kind) : []),
        ...images.issues,
        ...app.issues,
        ...(target.config?.kind === "kubeconfig" && app.value
            ? checkExistingNamespaces(target.config.existingNamespaces, app.value.namespace)
            : []),
        ...bookinfo.issues,
        ...(bookinfo.value ? withoutConsequences(checkBookinfo(bookinfo.value, istio.value), bookinfo.issues) : []),
        ...checkUserInfo(set, secret),
    ]);
    if (issues.length > 0 || !target.config || !istio.value || !images.value || !app.value || !bookinfo.value) {
        throw new ConfigError(
            issues.map((issue) => (secret.includes(issue.path[0] ?? "") ? { ...issue, value: SECRET } : issue)),
        );
    }
    const resolved = resolveImages(set, images.value, istio.value, bookinfo.value);
    const { gateway, values } = istio.value;
    const internal = isInternal(gateway, values.gateway);
    return frozen({
        cluster: target.config.kind === "gke" && internal ? withInternalAddress(target.config) : target.config,
        istio: completed(resolved.istio, target.config.kind, files),
        images: imageCredentials(images.value),
        app: { namespace: app.value.namespace, ...labelsOf(app.value.namespaceLabels) },
        bookinfo: resolvedBookinfo(resolved.bookinfo),
    });
}

function withInternalAddress(cluster: GkeConfig): GkeConfig {
    return { ...cluster, ingress: { ...cluster.ingress, internal: true } };
}

function checkBookinfo(bookinfo: Section<"bookinfo">, istio: Section<"istio"> | undefined): ConfigIssue[] {
    return [...checkTraffic(bookinfo.traffic), ...checkSecurity(bookinfo, istio)];
}

function resolvedBookinfo({
    traffic,
    access,
    login,
    rateLimit,
    ...images
}: ReturnType<typeof resolveImages>["bookinfo"]): Config["bookinfo"] {
    const security = resolveSecurity({ access, login, rateLimit });
    return { ...images, traffic: resolveTraffic(traffic), security };
}

/** Pulumi passes objects as JSON and everything else as it is. */
function decoded(value: string): unknown {
    const parsed = parseJson(value);
    return parsed === undefined ? value : parsed;
}

/** A later check knows more about a key than an earlier one. */
function lastOfEachPath(issues: ConfigIssue[]): ConfigIssue[] {
    return [...new Map(issues.map((issue) => [inPulumi(issue.path), issue])).values()];
}

/** The issues of objects that lack nothing: an object without its invalid values means something else. */
function withoutConsequences(issues: ConfigIssue[], causes: readonly ConfigIssue[]): ConfigIssue[] {
    const isAround = (outer: string[], inner: string[]) => outer.every((name, index) => inner[index] === name);
    return issues.filter(({ path }) => !causes.some((cause) => isAround(path, cause.path)));
}

function completed(
    section: ReturnType<typeof resolveImages>["istio"],
    kind: "gke" | "kubeconfig",
    files: Files,
): Config["istio"] {
    const { profile, istiod, gateway, proxy, accessLogs, platform, cni, namespaceLabels, chartDigest, ...istio } =
        section;
    // Only ~ is resolved: a directory relative to the project stays relative, so that the state does not depend on the
    // machine.
    const resolved = (repository: string) => (repository.startsWith("~") ? absolute(repository, files) : repository);
    const scaled = (part: "istiod" | "gateway", { resources, autoscaling }: typeof istiod) => ({
        resources: resourcesOf(profile, part, resources),
        autoscaling: autoscalingOf(profile, autoscaling),
    });
    const logs = resolveAccessLogs(accessLogs);
    return {
        ...istio,
        ...(Object.keys(chartDigest).length > 0 && { chartDigest }),
        ...(logs && { accessLogs: logs }),
        ...resolveAddons(istio),
        ...resolvePlatform({ profile, platform, cni, namespaceLabels }, kind),
        values: valuesOf(section),
        chartRepository: resolved(istio.chartRepository),
        tag: istio.tag ?? istio.version,
        istiod: scaled("istiod", istiod),
        gateway: { ...scaled("gateway", gateway), ...changedService(gateway) },
        ingress: ingressOf(gateway, istio.values.gateway),
        proxy: { resources: resourcesOf(profile, "proxy", proxy.resources) },
        kiali: { ...istio.kiali, chartRepository: resolved(istio.kiali.chartRepository) },
    };
}

/** What the config changes of the gateway's Service. Nothing by default, so that the state of a stack stays the same. */
function changedService({ service, tls }: Section<"istio">["gateway"]): { service?: GatewayService } {
    const { type, annotations, loadBalancerSourceRanges: ranges, ...others } = service;
    const changed = {
        ...(type !== "LoadBalancer" && { type }),
        ...(Object.keys(annotations).length > 0 && { annotations }),
        ...(ranges.length > 0 && { loadBalancerSourceRanges: ranges }),
        ...(tls && { https: true }),
        ...others,
    };
    return Object.keys(changed).length > 0 ? { service: changed } : {};
}

/** Helm values of the charts that are installed. */
function valuesOf({ values: { cni, ...values }, ...istio }: Section<"istio">): Config["istio"]["values"] {
    return isCniEnabled(istio) ? { ...values, cni } : values;
}

function frozen<T>(value: T): T {
    if (typeof value === "object" && value !== null) {
        Object.values(value).forEach(frozen);
        Object.freeze(value);
    }
    return value;
}
