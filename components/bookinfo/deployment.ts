import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ImagePullPolicy } from "../istio/values";
import { BOOKINFO_PORT } from "../names";
import { LINUX_NODES } from "../platform";
import { imagePullSecrets, type PullSecrets } from "../pullSecrets";
import { probes, RESTRICTED_CONTAINER, runAs, SECCOMP_PROFILE, type UserChoice } from "../restrictedPod";
import type { BookinfoService } from "./services";

/** Source of Bookinfo's images. */
export interface BookinfoImages {
    /** Registry and path, without the image's name: `docker.io/istio`. */
    registry: string;
    tag: string;
    imagePullPolicy: ImagePullPolicy;
}

/** What all pods of Bookinfo have in common. */
export interface BookinfoPods extends BookinfoImages, UserChoice {
    /** Annotations in addition to those of the service. */
    podAnnotations?: Record<string, string>;
}

/** The Deployment of one version of a service. */
export function deploymentSpec(
    service: BookinfoService,
    version: string,
    pods: BookinfoPods,
    serviceAccountName: pulumi.Input<string>,
    pullSecrets?: PullSecrets,
): k8s.types.input.apps.v1.DeploymentSpec {
    const labels = { app: service.name, version };
    const scratch = Object.entries(service.scratch ?? {});
    return {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
            metadata: { labels, annotations: annotationsOf(service, pods) },
            spec: {
                serviceAccountName,
                nodeSelector: LINUX_NODES,
                // Bookinfo does not call the API server. The sidecar has another token to prove its identity.
                automountServiceAccountToken: false,
                // They also count for the sidecar, whose image comes from the same registry.
                ...imagePullSecrets(pullSecrets),
                // Kubernetes' variables such as REVIEWS_SERVICE_PORT would depend on the order of creation.
                enableServiceLinks: false,
                terminationGracePeriodSeconds: DRAIN_SECONDS + LONGEST_REQUEST,
                containers: [
                    {
                        name: service.name,
                        image: `${pods.registry}/examples-bookinfo-${service.name}-${version}:${pods.tag}`,
                        imagePullPolicy: pods.imagePullPolicy,
                        ports: [{ name: "http", containerPort: BOOKINFO_PORT }],
                        env: Object.entries(service.env ?? {}).map(([name, value]) => ({ name, value })),
                        resources: { requests: { ...service.requests }, limits: { memory: service.memoryLimit } },
                        // Bookinfo's services answer here independently of each other. Injection rewrites the probes so that
                        // they work with mutual TLS.
                        ...probes({ port: "http", live: "/health", ready: "/health" }),
                        lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } },
                        // Of the container and not of the pod: the injected istio-init sets up iptables as root. The root
                        // file system stays writable, because upstream's images need that.
                        securityContext: { ...runAs(service.user, pods), ...RESTRICTED_CONTAINER, ...SECCOMP_PROFILE },
                        volumeMounts: scratch.map(([name, mountPath]) => ({ name, mountPath })),
                    },
                ],
                volumes: scratch.map(([name]) => ({ name, emptyDir: {} })),
            },
        },
    };
}

function annotationsOf(service: BookinfoService, { podAnnotations }: BookinfoPods): Record<string, string> | undefined {
    return podAnnotations ? { ...service.podAnnotations, ...podAnnotations } : service.podAnnotations;
}

/** Seconds that a terminating pod keeps serving, until proxies stop routing to it. The sidecar ends after the application. */
const DRAIN_SECONDS = 3;

/** Seconds: productpage waits 3 s for details, and then twice 3 s for reviews. */
const LONGEST_REQUEST = 9;
