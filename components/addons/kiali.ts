import * as pulumi from "@pulumi/pulumi";
import type { ChartCredentials } from "../../packages/shared/chartCredentials";
import { Release } from "../kubernetes";
import { ADDONS, ISTIO_NAMESPACE, JAEGER, KIALI_RELEASE, PROMETHEUS_URL } from "../names";
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
    /** Pull secrets in the namespace. */
    pullSecrets?: PullSecrets;
    /** Maximum time for each of Helm's operations, in seconds. */
    timeout: number;
    /** The cluster's platform. */
    platform?: Platform;
    /** The other add-ons that Kiali can query. Prometheus is required. */
    neighbours: KialiNeighbours;
    /** Helm values that override those of this component. */
    values: pulumi.Input<HelmValues>;
}

type KialiNeighbours = Record<"grafana" | "jaeger", boolean>;

/**
 * Kiali, read-only, for anyone who reaches its port. Its chart has the permissions that its version needs. Pass Istio's CRDs
 * in `dependsOn`: Kiali checks only at its start whether the cluster has them.
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
                                pullSecrets,
                                platform: args.platform,
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

/** Values of the chart `kiali-server` 2. Kiali's own config/config.go has the same names. */
export function kialiValues(
    { grafana, jaeger }: KialiNeighbours,
    signingKeySecret: string,
    { image, pullSecrets, platform }: { image?: string; pullSecrets?: readonly string[]; platform?: Platform } = {},
): HelmValues {
    const onOpenShift = platform === "openshift";
    return {
        auth: { strategy: "anonymous" },
        ...(onOpenShift && AS_ON_KUBERNETES),
        deployment: {
            ...(onOpenShift && { ingress: { enabled: false } }),
            node_selector: LINUX_NODES,
            view_only_mode: true,
            ...(image !== undefined && { image_name: image }),
            image_pull_policy: "IfNotPresent",
            ...(pullSecrets && { image_pull_secrets: pullSecrets }),
            pod_labels: { "sidecar.istio.io/inject": "false" },
            // By default, the first probe comes only after half a minute.
            probes: {
                startup: { initial_delay_seconds: 1, period_seconds: 2, failure_threshold: 90 },
                readiness: { initial_delay_seconds: 1, period_seconds: 5 },
            },
        },
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
 * On OpenShift, the chart serves pages by HTTPS at `/`, and creates a public Route to them. Here they stay as on any other
 * cluster: at the same path, without a way in from outside, because everyone who reaches them is let in.
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
