/** A kubeconfig with one context, its cluster and its user. */
export function kubeconfigFor(server: string, context: string, user: object = {}): string {
    return JSON.stringify({
        // The client library refuses plain HTTP otherwise.
        clusters: [{ name: "cluster", cluster: { server, "insecure-skip-tls-verify": true } }],
        users: [{ name: "user", user }],
        contexts: [{ name: context, context: { cluster: "cluster", user: "user" } }],
    });
}

interface Content {
    clusters: { cluster: { server: string } }[];
    users: { name: string; user: { token?: string } }[];
}

/** Stands in for the client library, which is an ES module that jest cannot load. */
export class KubeConfig {
    private content: Content = { clusters: [], users: [] };

    loadFromString(text: string) {
        this.content = JSON.parse(text) as Content;
    }

    getCurrentCluster() {
        return this.content.clusters[0]?.cluster;
    }

    getCurrentUser() {
        const [entry] = this.content.users;
        return entry && { name: entry.name, ...entry.user };
    }

    applyToHTTPSOptions(options: { headers: Record<string, string> }) {
        options.headers.authorization = `Bearer ${this.getCurrentUser()?.token ?? ""}`;
        return Promise.resolve();
    }
}
