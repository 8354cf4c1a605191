import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cloud } from "./cloud";

/** Google's REST APIs of a stand-in: only what the program itself asks there, beside the provider. */
export class Api {
    private constructor(private readonly server: Server) {}

    static async start(cloud: Cloud): Promise<Api> {
        const server = createServer((request, response) => {
            const { pathname } = new URL(request.url ?? "", "http://host");
            const place = pathname.slice(1);
            const [, project = ""] = /^projects\/([^/]+)/.exec(place) ?? [];
            if (!cloud.isEnabled(project, apiOf(place))) {
                response.writeHead(403).end(JSON.stringify({ error: { details: [{ reason: "SERVICE_DISABLED" }] } }));
                return;
            }
            const body = answer(cloud, request.method ?? "", place);
            response.writeHead(body ? 200 : 404).end(JSON.stringify(body ?? { error: { message: pathname } }));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return new Api(server);
    }

    /** The variables by which the program finds these APIs. */
    get environment(): NodeJS.ProcessEnv {
        const address = `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/`;
        const apis = ["COMPUTE", "CONTAINER", "IAM"];
        return Object.fromEntries(apis.map((api) => [`GOOGLE_${api}_CUSTOM_ENDPOINT`, address]));
    }

    stop(): void {
        this.server.closeAllConnections();
        this.server.close();
    }
}

/** The API that has a path. */
function apiOf(path: string): string {
    const api = path.includes("/clusters") ? "container" : path.includes("/serviceAccounts") ? "iam" : "compute";
    return `${api}.googleapis.com`;
}

function answer(cloud: Cloud, method: string, path: string): object | undefined {
    if (method === "DELETE") {
        cloud.leftovers = cloud.leftovers.filter(({ id }) => id !== path);
        cloud.delete(path);
        return {};
    }
    const left = cloud.leftovers.map(({ id, network }) => ({
        name: id.replace(/^.*\//, ""),
        network: `https://any/compute/v1/${network}`,
        selfLink: `https://any/compute/v1/${id}`,
    }));
    if (path.endsWith("/locations/-/clusters")) {
        const clusters = cloud.objects().filter(({ type }) => type.endsWith(":Cluster"));
        return {
            clusters: clusters.map(({ outputs }) => ({
                name: outputs.name,
                location: outputs.location,
                resourceLabels: outputs.resourceLabels,
                networkConfig: { network: outputs.network },
            })),
        };
    }
    if (path.endsWith("/global/firewalls")) {
        return { items: left.filter(({ selfLink }) => selfLink.includes("/firewalls/")) };
    }
    if (path.endsWith("/aggregated/networkEndpointGroups")) {
        const networkEndpointGroups = left.filter(({ selfLink }) => selfLink.includes("/networkEndpointGroups/"));
        return { items: { "zones/us-central1-a": { networkEndpointGroups } } };
    }
    return /^projects\/[^/]+(?:\/serviceAccounts)?$/.test(path) ? {} : undefined;
}
