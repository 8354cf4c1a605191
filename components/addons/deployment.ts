import { createHash } from "node:crypto";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { scrapeAnnotations } from "../annotations";
import { imagePullSecrets, type PullSecrets } from "../pullSecrets";
import type { Amounts } from "../quantity";
import { LINUX_NODES } from "../platform";
import { probes, RESTRICTED_CONTAINER, runAs, SECCOMP_PROFILE, type UserChoice } from "../restrictedPod";

/** A server outside of the mesh: one pod without a sidecar, with as few permissions as possible. */
export interface AddonSpec extends UserChoice {
    /** Name of its objects, and value of its pod's label `app`, by which users and Services find it. */
    name: string;
    /** The image with its tag. */
    image: string;
    /** Replaces the image's entry point. */
    command?: string[];
    args?: string[];
    /** Environment variables: their values, or the sources of these. */
    env?: Record<string, string | k8s.types.input.core.v1.EnvVarSource>;
    /** The number of the user to run as. */
    user: number;
    /** The ports that it listens on, by name. The prefix `grpc` or `http` tells sidecars the protocol. */
    ports: Record<string, number>;
    probes: Parameters<typeof probes>[0];
    /** Where its metrics are. Without this it is not scraped. */
    metrics?: { port: string; path: string };
    /** Read-only directories of text files, by the name of their volume. A change of a file replaces the pod. */
    config?: Record<string, ConfigDirectory>;
    /** The only writable directories, by the name of their volume. */
    storage?: Record<string, Storage>;
    /** CPU has no limit, because that would only slow down the start. */
    resources: { requests: Required<Amounts>; limits: { memory: string } };
}

interface ConfigDirectory {
    path: string;
    /** The content of the files by their names, together at most 1 MiB (the limit of a ConfigMap). */
    files: Record<string, string>;
}

interface Storage {
    path: string;
    /** Its maximum size, as a Kubernetes quantity. A pod that writes more to a temporary directory is evicted. */
    size: string;
    /** Whether it outlives the pod, in a volume of the cluster's default storage class. */
    persistent?: boolean;
}

/** Names of objects that the pod refers to, by the names of its volumes. */
export interface AddonObjects {
    serviceAccount: pulumi.Input<string>;
    pullSecrets?: PullSecrets;
    configMaps: Record<string, pulumi.Input<string>>;
    claims: Record<string, pulumi.Input<string>>;
    /** Whether the pod calls the API server. */
    talksToApiServer: boolean;
}

/** Labels of an add-on's objects: `app` as in Istio 1.0, and the one that Kubernetes recommends. */
export function labelsOf(name: string): Record<string, string> {
    return { app: name, "app.kubernetes.io/name": name };
}

/** Only one pod at a time may write to a volume. */
const ONE_AT_A_TIME = { type: "Recreate" };

/**
 * The new pod starts before the old one ends. The API server's defaults are written out: otherwise they would stay when the
 * type changes, and then be refused (https://github.com/pulumi/pulumi-kubernetes/issues/2843).
 */
const ROLLING = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };

export function addonDeployment(addon: AddonSpec, objects: AddonObjects): k8s.types.input.apps.v1.DeploymentSpec {
    const { name, config = {}, storage = {}, metrics } = addon;
    const labels = labelsOf(name);
    return {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        strategy: Object.values(storage).some(({ persistent }) => persistent) ? ONE_AT_A_TIME : ROLLING,
        template: {
            metadata: {
                labels: { ...labels, "sidecar.istio.io/inject": "false" },
                annotations: {
                    "checksum/config": checksum(config),
                    ...(metrics && scrapeAnnotations(portOf(addon, metrics.port), metrics.path)),
                },
            },
            spec: {
                serviceAccountName: objects.serviceAccount,
                nodeSelector: LINUX_NODES,
                automountServiceAccountToken: objects.talksToApiServer,
                ...imagePullSecrets(objects.pullSecrets),
                // Kubernetes' variables such as PROMETHEUS_PORT would depend on the order of creation.
                enableServiceLinks: false,
                securityContext: { ...identityOf(addon), ...SECCOMP_PROFILE },
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

/** The user and the groups of a pod. */
function identityOf({ user, clusterAssignsUsers }: AddonSpec): k8s.types.input.core.v1.PodSecurityContext {
    return {
        ...runAs(user, { clusterAssignsUsers }),
        // The last one makes volumes writable for this group.
        ...(!clusterAssignsUsers && { runAsGroup: user, fsGroup: user }),
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
        ...probes(addon.probes),
        resources: { requests: { ...resources.requests }, limits: { ...resources.limits } },
        securityContext: { ...RESTRICTED_CONTAINER, readOnlyRootFilesystem: true },
        volumeMounts: [
            ...Object.entries(config).map(([volume, { path }]) => ({ name: volume, mountPath: path, readOnly: true })),
            ...Object.entries(storage).map(([volume, { path }]) => ({ name: volume, mountPath: path })),
        ],
    };
}

/** The number of the named port. */
export function portOf({ name, ports }: Pick<AddonSpec, "name" | "ports">, port: string): number {
    const number = ports[port];
    if (number === undefined) {
        throw new Error(`${name} has no port ${port}; it has ${Object.keys(ports).join(", ")}`);
    }
    return number;
}

/** A digest of all files. It is part of the pod's template, so a changed file replaces the pod. */
function checksum(config: Record<string, ConfigDirectory>): string {
    return createHash("sha256").update(JSON.stringify(config)).digest("hex");
}
