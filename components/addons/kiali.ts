import * as pulumi from "@pulumi/pulumi";
import type { ChartCredentials } from "../../packages/shared/chartCredentials";
import { Release } from "../kubernetes";
import { ADDONS, ISTIO_NAMESPACE, JAEGER, KIALI_RELEASE, NAMESPACE_NAME, PROMETHEUS_URL } from "../names";
import { chartSource, secretOutputs } from "../istio/chart";
import { LINUX_NODES, type Platform } from "../platform";
import { type HelmValues, mergeValues } from "../istio/merge";
import { DEFAULT_CLUSTER_DOMAIN } from "../istio/values";
import type { PullSecrets } from "../pullSecrets";
import { labelsOf } from "./deployment";
import { generatedSecret } from "./generatedSecret";

export interface KialiArgs {
    namespace: pulumi.Input<string>;
    /** Version of the chart `kiali-server`. Ignored if the repository is a directory. */
    version: string;
    /** An HTTP(S) chart repository, an `oci://` registry, or a directory with the chart `kiali-server`. */
    chartRepository: string;
    /** Credentials of the repository. Secret. */
    chartCredentials?: pulumi.Output<ChartCredentials>;
    /** The image without its tag. Default: the chart's. */
    image?: string;
    /** The hexadecimal SHA-256 digest of the image. Default: the chart's tag. */
    digest?: string;
    /** Pull secrets in the namespace. */
    pullSecrets?: PullSecrets;
    /** Maximum time for each of Helm's operations, in seconds. */
    timeout: number;
    /** The cluster's platform. */
    platform?: Platform;
    /** The application's namespace. It must exist before the release: pass what creates it in `dependsOn`. */
    appNamespace: string;
    /** Whether Kiali reads the logs of pods in its namespaces, and shows them. */
    logs: boolean;
    /** The other add-ons that Kiali can query. Prometheus is required. */
    neighbours: KialiNeighbours;
    /** Helm values that override those of this component. */
    values: pulumi.Input<HelmValues>;
}

type KialiNeighbours = Record<"grafana" | "jaeger", boolean>;

/**
 * Kiali, read-only, for anyone who reaches its port. Its chart has the permissions that its version needs, in its own namespace and in
 * the application's. Pass Istio's CRDs in `dependsOn`: Kiali checks only at its start whether the cluster has them.
 */
export class Kiali extends pulumi.ComponentResource {
    constructor(name: string, { chartCredentials, ...args }: KialiArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:addons:Kiali", name, args, opts);

        const signingKey = generatedSecret(
            `${name}-signing-key`,
            { ...SIGNING_KEY, namespace: args.namespace, labels: labelsOf("kiali") },
            { parent: this },
        );
        new Release(
            `${name}-release`,
            {
                name: KIALI_RELEASE,
                namespace: args.namespace,
                ...chartSource(args.chartRepository, "kiali-server", args.version, chartCredentials),
                values: pulumi
                    .all([args.values, signingKey.metadata.name, args.pullSecrets && pulumi.all(args.pullSecrets)])
                    .apply(([overrides, secret, pullSecrets]) =>
                        mergeValues(
                            kialiValues(args.neighbours, secret, {
                                image: args.image,
                                digest: args.digest,
                                pullSecrets,
                                platform: args.platform,
                                appNamespace: args.appNamespace,
                                logs: args.logs,
                            }),
                            overrides,
                        ),
                    ),
                timeout: args.timeout,
            },
            // As with Istio's releases. A component's children do not inherit its dependsOn.
            {
                parent: this,
                dependsOn: opts?.dependsOn,
                ...secretOutputs(chartCredentials),
                deleteBeforeReplace: true,
            },
        );
        this.registerOutputs({});
    }
}

/** The Secret with the key that signs sessions. Without it, the chart would generate another key each time. */
const SIGNING_KEY = { secret: "kiali-signing-key", key: "key" };

interface KialiSettings extends Pick<KialiArgs, "image" | "digest" | "platform" | "appNamespace" | "logs"> {
    pullSecrets?: readonly string[];
}

/** Values of the chart `kiali-server`, from 2.19 on. Kiali's own config/config.go has the same names. */
export function kialiValues(
    { grafana, jaeger }: KialiNeighbours,
    signingKeySecret: string,
    { image, digest, pullSecrets, platform, appNamespace, logs }: KialiSettings,
): HelmValues {
    const onOpenShift = platform === "openshift";
    return {
        auth: { strategy: "anonymous" },
        ...(onOpenShift && AS_ON_KUBERNETES),
        deployment: {
            ...(onOpenShift && { ingress: { enabled: false }, tls_config: { source: "config" } }),
            // Whoever reaches Kiali has its permissions. When Helm installs the chart, it looks for these namespaces, and gives
            // Kiali a Role in each, in place of a ClusterRole.
            cluster_wide_access: false,
            discovery_selectors: {
                default: [ISTIO_NAMESPACE, appNamespace].map((name) => ({ matchLabels: { [NAMESPACE_NAME]: name } })),
            },
            node_selector: LINUX_NODES,
            view_only_mode: true,
            // The chart's own policy lets everybody in, and policies add up (components/networkPolicies.ts).
            network_policy: { enabled: false },
            ...(image !== undefined && { image_name: image }),
            // The chart wants the name of the algorithm here, and the digest as the version (its templates/deployment.yaml).
            ...(digest !== undefined && { image_digest: "sha256", image_version: digest }),
            image_pull_policy: "IfNotPresent",
            ...(pullSecrets && { image_pull_secrets: pullSecrets }),
            pod_labels: { "sidecar.istio.io/inject": "false" },
            // By default, the first probe comes only after half a minute.
            probes: {
                startup: { initial_delay_seconds: 1, period_seconds: 2, failure_threshold: 90 },
                readiness: { initial_delay_seconds: 1, period_seconds: 5 },
            },
        },
        // Without the tab, the Roles have no pods/log either.
        ...(!logs && { kiali_feature_flags: { disabled_features: ["logs-tab"] } }),
        external_services: {
            prometheus: { url: PROMETHEUS_URL },
            grafana: grafana
                ? {
                      enabled: true,
                      internal_url: serviceUrl("grafana", ADDONS.grafana.port),
                      external_url: forwardedUrl("grafana"),
                      dashboards: GRAFANA_LINKS,
                  }
                : { enabled: false },
            tracing: jaeger
                ? {
                      enabled: true,
                      provider: "jaeger",
                      use_grpc: true,
                      internal_url: serviceUrl(JAEGER.query, JAEGER.queryGrpcPort),
                      external_url: forwardedUrl("jaeger"),
                  }
                : { enabled: false },
        },
        login_token: { signing_key: `secret:${signingKeySecret}:${SIGNING_KEY.key}` },
    };
}

/**
 * On OpenShift, the chart serves pages by HTTPS at `/`, creates a public Route to them, and reads the cluster's TLS settings by a
 * ClusterRole. Here all is as on any other cluster, without a way in from outside, because everyone who reaches the pages is let in.
 */
const AS_ON_KUBERNETES = {
    identity: { cert_file: "", private_key_file: "" },
    server: { web_root: ADDONS.kiali.path },
};

/**
 * Values that follow from what is called otherwise than by default: empty if nothing is.
 * @param names.prometheusUrl a Prometheus that is not the stack's
 */
export function kialiNames(names: { prometheusUrl?: string; clusterDomain: string }): HelmValues {
    const { prometheusUrl, clusterDomain } = names;
    const services = {
        ...(prometheusUrl !== undefined && { prometheus: { url: prometheusUrl } }),
        // Kiali recognizes the full names of hosts by it.
        ...(clusterDomain !== DEFAULT_CLUSTER_DOMAIN && { istio: { istio_identity_domain: `svc.${clusterDomain}` } }),
    };
    return Object.keys(services).length === 0 ? {} : { external_services: services };
}

/** Dashboards that Kiali's pages link to, by their titles, with the parameters for the page's subject. */
const GRAFANA_LINKS = [{ name: "Istio workload", variables: { namespace: "var-namespace", workload: "var-workload" } }];

function serviceUrl(service: string, port: number): string {
    return `http://${service}.${ISTIO_NAMESPACE}:${port}`;
}

/** An add-on's address for a browser, while its port is forwarded. */
function forwardedUrl(addon: keyof typeof ADDONS): string {
    return `http://localhost:${ADDONS[addon].port}`;
}
