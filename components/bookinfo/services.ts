import type { BOOKINFO_NAMES } from "../names";
import type { Amounts } from "../quantity";

/** A service of Bookinfo: one Service and ServiceAccount, and a Deployment for each version. */
export interface BookinfoService {
    name: (typeof BOOKINFO_NAMES)[number];
    versions: string[];
    /** The user that the image runs as, by number: only then can Kubernetes tell that it is not root. */
    user: number;
    requests: Required<Amounts>;
    /** Most memory that the container may use. CPU has no limit: it would only slow down the start. */
    memoryLimit: string;
    env?: Record<string, string>;
    /** Directories that the service writes to, by the name of their volume. */
    scratch?: Record<string, string>;
    podAnnotations?: Record<string, string>;
}

/**
 * Bookinfo as Istio 1.31 ships it (samples/bookinfo: platform/kube/bookinfo.yaml; users from the Dockerfiles under src).
 * Requests and limits are ours: upstream has none.
 */
export const BOOKINFO_SERVICES: BookinfoService[] = [
    {
        name: "productpage",
        versions: ["v1"],
        user: 1000,
        requests: { cpu: "20m", memory: "128Mi" },
        memoryLimit: "512Mi",
        scratch: { tmp: "/tmp" },
        podAnnotations: {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9080",
            "prometheus.io/path": "/metrics",
        },
    },
    {
        name: "details",
        versions: ["v1"],
        user: 1000,
        requests: { cpu: "10m", memory: "48Mi" },
        memoryLimit: "128Mi",
    },
    {
        name: "ratings",
        versions: ["v1"],
        user: 1000,
        requests: { cpu: "10m", memory: "64Mi" },
        memoryLimit: "192Mi",
    },
    {
        name: "reviews",
        versions: ["v1", "v2", "v3"],
        user: 1001,
        requests: { cpu: "20m", memory: "160Mi" },
        memoryLimit: "512Mi",
        env: { LOG_DIR: "/tmp/logs" },
        scratch: { tmp: "/tmp", "wlp-output": "/opt/ibm/wlp/output" },
    },
];
