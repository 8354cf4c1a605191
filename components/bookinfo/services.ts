import { scrapeAnnotations } from "../annotations";
import { BOOKINFO_PORT, type BOOKINFO_NAMES } from "../names";
import type { Amounts } from "../quantity";

/** A service of Bookinfo: one Service and ServiceAccount, and a Deployment for each version. */
export interface BookinfoService {
    name: (typeof BOOKINFO_NAMES)[number];
    versions: string[];
    /** The number of the image's user. */
    user: number;
    requests: Required<Amounts>;
    /** CPU has no limit, because that would only slow down the start. */
    memoryLimit: string;
    env?: Record<string, string>;
    /** Writable directories, by the name of their volume. */
    scratch?: Record<string, string>;
    podAnnotations?: Record<string, string>;
}

/**
 * Bookinfo as in Istio 1.31 (samples/bookinfo: platform/kube/bookinfo.yaml; users from the Dockerfiles under src). Upstream
 * has no requests and limits; these are ours.
 */
export const BOOKINFO_SERVICES: BookinfoService[] = [
    {
        name: "productpage",
        versions: ["v1"],
        user: 1000,
        requests: { cpu: "20m", memory: "128Mi" },
        memoryLimit: "512Mi",
        scratch: { tmp: "/tmp" },
        podAnnotations: scrapeAnnotations(BOOKINFO_PORT, "/metrics"),
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

/** The service account of a service. The sidecars of its pods get certificates for it. */
export function serviceAccountOf(service: BookinfoService["name"]): string {
    return `bookinfo-${service}`;
}
