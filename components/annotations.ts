/** Annotations by which the program instructs Pulumi's Kubernetes provider, and Prometheus. */

/** Key of the annotation below. */
export const SKIP_AWAIT_KEY = "pulumi.com/skipAwait";

/** The provider does not wait until the object is ready. */
export const SKIP_AWAIT = { [SKIP_AWAIT_KEY]: "true" };

/**
 * The provider does not wait for the end of what belongs to a deleted object, such as a Deployment's pods. By default it
 * deletes in the foreground: the API server's garbage collector removes these first, and then the object. The collector
 * learns of new kinds only every 30 s. So in a new mesh, foreground deletion can take that long.
 */
export const BACKGROUND_DELETION = { "pulumi.com/deletionPropagationPolicy": "background" };

/** The pod's metrics are scraped at this port and path. */
export function scrapeAnnotations(port: number, path: string): Record<string, string> {
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": String(port),
        "prometheus.io/path": path,
    };
}

/**
 * On pods whose traffic Istio's CNI plugin redirects. So they are replaced when the plugin is switched on or off: a pod
 * whose init container set up its network before would otherwise keep that, and could not start again without it.
 */
export const REDIRECTED_BY_CNI = { "bookinfo-mesh/redirected-by": "istio-cni" };
