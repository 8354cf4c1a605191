import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { BOOKINFO_PORT } from "../names";
import type { ImagePullPolicy } from "../istio/values";
import type { BookinfoService } from "./services";

/** Where Bookinfo's images come from. */
export interface BookinfoImages {
    /** Registry and path, without the image's name: `docker.io/istio`. */
    registry: string;
    tag: string;
    imagePullPolicy: ImagePullPolicy;
}

/** The Deployment of one version of a service, with everything that its image needs and allows. */
export function deploymentSpec(
    service: BookinfoService,
    version: string,
    images: BookinfoImages,
    serviceAccountName: pulumi.Input<string>,
): k8s.types.input.apps.v1.DeploymentSpec {
    const labels = { app: service.name, version };
    const scratch = Object.entries(service.scratch ?? {});
    return {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
            metadata: { labels, annotations: service.podAnnotations },
            spec: {
                serviceAccountName,
                // Bookinfo does not talk to the API server. The sidecar proves its identity by a token of its own.
                automountServiceAccountToken: false,
                // Kubernetes' variables such as REVIEWS_SERVICE_PORT would depend on what was created first.
                enableServiceLinks: false,
                terminationGracePeriodSeconds: SERVES_ON + LONGEST_REQUEST,
                containers: [
                    {
                        name: service.name,
                        image: `${images.registry}/examples-bookinfo-${service.name}-${version}:${images.tag}`,
                        imagePullPolicy: images.imagePullPolicy,
                        ports: [{ name: "http", containerPort: BOOKINFO_PORT }],
                        env: Object.entries(service.env ?? {}).map(([name, value]) => ({ name, value })),
                        resources: { requests: { ...service.requests }, limits: { memory: service.memoryLimit } },
                        ...PROBES,
                        lifecycle: { preStop: { sleep: { seconds: SERVES_ON } } },
                        // On the container and not on the pod: the injected istio-init sets up iptables as root. The
                        // root file system stays writable, for upstream's images were never made to do without.
                        securityContext: {
                            runAsNonRoot: true,
                            runAsUser: service.user,
                            allowPrivilegeEscalation: false,
                            capabilities: { drop: ["ALL"] },
                            seccompProfile: { type: "RuntimeDefault" },
                        },
                        volumeMounts: scratch.map(([name, mountPath]) => ({ name, mountPath })),
                    },
                ],
                volumes: scratch.map(([name]) => ({ name, emptyDir: {} })),
            },
        },
    };
}

/**
 * A pod that has to go serves on for so many seconds: proxies send requests to it until they have learnt that it goes. (The
 * sidecar ends after the application.)
 */
const SERVES_ON = 3;

/** In seconds: productpage gives details 3 s, and then reviews twice 3 s. Nobody waits longer for a process that does not end. */
const LONGEST_REQUEST = 9;

// Every Bookinfo service answers here, independently of the others. Injection sends the probes past mTLS.
const HEALTH = { httpGet: { path: "/health", port: "http" } };

const PROBES = {
    // Up to three minutes: on a busy node the Java of reviews takes more than one.
    startupProbe: { ...HEALTH, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 180 },
    readinessProbe: { ...HEALTH, periodSeconds: 5, timeoutSeconds: 2 },
    livenessProbe: { ...HEALTH, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
};
