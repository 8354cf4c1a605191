import { createHash } from "node:crypto";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Amounts } from "../quantity";

/** A server that runs beside the mesh: one pod without a sidecar, which may do no more than it has to. */
export interface AddonSpec {
    /** Name of its objects, and value of the label `app`, by which people and Services find its pod. */
    name: string;
    /** The image with its tag. */
    image: string;
    /** What to run, instead of the image's own entry point. */
    command?: string[];
    args?: string[];
    /** Environment variables: values, or where they come from. */
    env?: Record<string, string | k8s.types.input.core.v1.EnvVarSource>;
    /** The user to run as, by number: only then can Kubernetes tell that it is not root. */
    user: number;
    /** The ports that it listens on, by name. A name that begins with `grpc` or `http` tells sidecars the protocol. */
    ports: Record<string, number>;
    /** Paths, on the port of that name, that answer 200 while it runs (`live`) and while it can serve (`ready`). */
    probes: { port: string; live: string; ready: string };
    /** Where Prometheus finds its metrics; without, it is not scraped. */
    metrics?: { port: string; path: string };
    /** Read-only directories of text files, by the name of their volume. When a file changes, the pod is replaced. */
    config?: Record<string, ConfigDirectory>;
    /** Directories that it writes to, by the name of their volume. Nothing else can be written to. */
    storage?: Record<string, Storage>;
    resources: AddonResources;
}

export interface ConfigDirectory {
    path: string;
    /** The files' content by their names, 1 MiB together at most (the limit of a ConfigMap). */
    files: Record<string, string>;
}

export interface Storage {
    path: string;
    /** Most that may be written, as a Kubernetes quantity: a pod that writes more to a temporary directory is evicted. */
    size: string;
    /** Kept when the pod goes, in a volume of the cluster's default storage class. */
    persistent?: boolean;
}

/** CPU has no limit: it would only slow down the start. */
export interface AddonResources {
    requests: Required<Amounts>;
    limits: { memory: string };
}

/** Names of objects that the pod refers to, by the names of its volumes. */
export interface AddonObjects {
    serviceAccount: pulumi.Input<string>;
    configMaps: Record<string, pulumi.Input<string>>;
    claims: Record<string, pulumi.Input<string>>;
    /** Whether the pod talks to the API server. */
    talksToApiServer: boolean;
}

/** Labels of an add-on's objects. Istio 1.0 knew `app`; the longer one is Kubernetes' own. */
export function labelsOf(name: string): Record<string, string> {
    return { app: name, "app.kubernetes.io/name": name };
}

/** A volume is written to by one pod at a time. */
const ONE_AT_A_TIME = { type: "Recreate" };

/**
 * The new pod is there before the old one goes. All of it is said: what the API server fills in itself belongs to nobody,
 * stays when the type changes, and is then refused (https://github.com/pulumi/pulumi-kubernetes/issues/2843).
 */
const ROLLING = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };

/** The Deployment of an add-on: its pod passes the level "restricted" of Kubernetes' Pod Security Standards. */
export function addonDeployment(addon: AddonSpec, objects: AddonObjects): k8s.types.input.apps.v1.DeploymentSpec {
    const { name, config = {}, storage = {}, user } = addon;
    const labels = labelsOf(name);
    return {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        strategy: Object.values(storage).some(({ persistent }) => persistent) ? ONE_AT_A_TIME : ROLLING,
        template: {
            metadata: {
                labels: { ...labels, "sidecar.istio.io/inject": "false" },
                annotations: { "checksum/config": checksum(config), ...scrapeAnnotations(addon) },
            },
            spec: {
                serviceAccountName: objects.serviceAccount,
                automountServiceAccountToken: objects.talksToApiServer,
                // Kubernetes' variables such as PROMETHEUS_PORT would depend on what was created first.
                enableServiceLinks: false,
                securityContext: {
                    runAsNonRoot: true,
                    runAsUser: user,
                    runAsGroup: user,
                    // Volumes are writable for this group.
                    fsGroup: user,
                    seccompProfile: { type: "RuntimeDefault" },
                },
                containers: [container(addon)],
                volumes: [
                    ...Object.keys(config).map((volume) => ({
                        name: volume,
                        configMap: { name: objects.configMaps[volume] },
                    })),
                    ...Object.entries(storage).map(([volume, { size, persistent }]) =>
                        persistent
                            ? { name: volume, persistentVolumeClaim: { claimName: objects.claims[volume] ?? "" } }
                            : { name: volume, emptyDir: { sizeLimit: size } },
                    ),
                ],
            },
        },
    };
}

function container(addon: AddonSpec): k8s.types.input.core.v1.Container {
    const { name, image, command, args, env = {}, ports, config = {}, storage = {}, resources } = addon;
    return {
        name,
        image,
        command,
        args,
        env: Object.entries(env).map(([variable, value]) =>
            typeof value === "string" ? { name: variable, value } : { name: variable, valueFrom: value },
        ),
        ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
        ...probesOf(addon),
        resources: { requests: { ...resources.requests }, limits: { ...resources.limits } },
        securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            readOnlyRootFilesystem: true,
        },
        volumeMounts: [
            ...Object.entries(config).map(([volume, { path }]) => ({ name: volume, mountPath: path, readOnly: true })),
            ...Object.entries(storage).map(([volume, { path }]) => ({ name: volume, mountPath: path })),
        ],
    };
}

function probesOf({ probes: { port, live, ready } }: AddonSpec) {
    const get = (path: string) => ({ httpGet: { path, port } });
    return {
        // Up to three minutes, for Prometheus reads back what it had written.
        startupProbe: { ...get(live), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 180 },
        readinessProbe: { ...get(ready), periodSeconds: 5, timeoutSeconds: 2 },
        livenessProbe: { ...get(live), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    };
}

/** The number of the port of that name. */
export function portOf({ name, ports }: Pick<AddonSpec, "name" | "ports">, port: string): number {
    const number = ports[port];
    if (number === undefined) {
        throw new Error(`${name} has no port ${port}; it has ${Object.keys(ports).join(", ")}`);
    }
    return number;
}

function scrapeAnnotations(addon: AddonSpec): Record<string, string> {
    const { metrics } = addon;
    return metrics
        ? {
              "prometheus.io/scrape": "true",
              "prometheus.io/port": String(portOf(addon, metrics.port)),
              "prometheus.io/path": metrics.path,
          }
        : {};
}

/** A digest of all files: as part of the pod's template, it has a changed file replace the pod. */
function checksum(config: Record<string, ConfigDirectory>): string {
    return createHash("sha256").update(JSON.stringify(config)).digest("hex");
}
