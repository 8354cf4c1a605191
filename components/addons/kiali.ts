import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ADDONS, ISTIO_NAMESPACE, JAEGER, KIALI_RELEASE, PROMETHEUS_URL } from "../names";
import { chartSource } from "../istio/chart";
import { type HelmValues, mergeValues } from "../istio/merge";
import { labelsOf } from "./deployment";
import { generatedSecret } from "./generatedSecret";

export interface KialiArgs {
    namespace: pulumi.Input<string>;
    /** Version of the chart `kiali-server`. A repository that is a directory holds its own. */
    version: string;
    /** An HTTP(S) chart repository, an `oci://` registry, or a directory with the chart `kiali-server`. */
    chartRepository: string;
    /** Longest time for each of Helm's operations, in seconds. */
    timeout: number;
    /** Which other add-ons are there to be asked. Prometheus has to be. */
    neighbours: KialiNeighbours;
    /** Helm values that are laid over those of this component. */
    values: pulumi.Input<HelmValues>;
}

export interface KialiNeighbours {
    grafana: boolean;
    jaeger: boolean;
}

/**
 * Kiali, for anyone who reaches its port, to look at and not to change anything. By its chart, for its permissions
 * follow its version.
 *
 * Hand Istio's CRDs to `dependsOn`: Kiali looks once whether the cluster has them, when it starts.
 */
export class Kiali extends pulumi.ComponentResource {
    constructor(name: string, args: KialiArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:addons:Kiali", name, args, opts);

        const signingKey = generatedSecret(
            `${name}-signing-key`,
            { ...SIGNING_KEY, namespace: args.namespace, labels: labelsOf("kiali") },
            { parent: this },
        );
        new k8s.helm.v3.Release(
            `${name}-release`,
            {
                name: KIALI_RELEASE,
                namespace: args.namespace,
                ...chartSource(args.chartRepository, "kiali-server", args.version),
                values: pulumi
                    .all([args.values, signingKey.metadata.name])
                    .apply(([overrides, secret]) => mergeValues(kialiValues(args.neighbours, secret), overrides)),
                timeout: args.timeout,
            },
            // As with Istio's releases. And a component's own dependsOn is not handed down.
            { parent: this, dependsOn: opts?.dependsOn, deleteBeforeReplace: true },
        );
        this.registerOutputs({});
    }
}

/** The Secret of the key that sessions are signed with. Left alone, the chart would make up another one each time. */
const SIGNING_KEY = { secret: "kiali-signing-key", key: "key" };

/** Values of the chart `kiali-server` 2 (what Kiali itself reads is under the same names in its config/config.go). */
export function kialiValues({ grafana, jaeger }: KialiNeighbours, signingKeySecret: string): HelmValues {
    return {
        auth: { strategy: "anonymous" },
        deployment: {
            view_only_mode: true,
            image_pull_policy: "IfNotPresent",
            pod_labels: { "sidecar.istio.io/inject": "false" },
            // The chart waits for half a minute before it asks for the first time.
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

/** Dashboards that Kiali's pages link to, by their titles, with the parameters that take what the page is about. */
const GRAFANA_LINKS = [{ name: "Istio workload", variables: { namespace: "var-namespace", workload: "var-workload" } }];

function serviceUrl(service: string, port: number): string {
    return `http://${service}.${ISTIO_NAMESPACE}:${port}`;
}

/** Where a browser finds an add-on while its port is forwarded. */
function forwardedUrl(addon: keyof typeof ADDONS): string {
    return `http://localhost:${ADDONS[addon].port}`;
}
