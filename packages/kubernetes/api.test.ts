import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ClusterApi } from "./api";
import { ApiError } from "./apiError";
import { Stopped } from "../shared/errors";

// The library is an ES module, which jest cannot load. Of it, only the kubeconfig is used here.
jest.mock("@kubernetes/client-node", () => ({
    KubeConfig: class {
        private file = "";
        loadFromFile(file: string) {
            this.file = file;
        }
        setCurrentContext() {
            return undefined;
        }
        getCurrentCluster() {
            return { server: this.file };
        }
        applyToHTTPSOptions(options: { headers: Record<string, string> }) {
            options.headers.authorization = "Bearer of-the-kubeconfig";
            return Promise.resolve();
        }
    },
}));

let server: Server;
let api: ClusterApi;
let asked: IncomingMessage[];
let bodies: string[];
let answers: Record<string, { status?: number; body: unknown }>;
beforeEach(async () => {
    asked = [];
    bodies = [];
    answers = {};
    server = createServer((request, response) => {
        asked.push(request);
        request.setEncoding("utf8").on("data", (text: string) => bodies.push(text));
        const answer = answers[request.url ?? ""];
        if (answer) {
            const { status = 200, body } = answer;
            response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
        }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const kubeconfig = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    api = await ClusterApi.connect({ kubeconfig, context: "test" });
});
afterEach(() => {
    server.closeAllConnections();
    server.close();
});

const refusal = (code: number, message: string) => ({
    status: code,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", code, message },
});

describe("a deletion", () => {
    const list = { resources: [{ name: "deployments", kind: "Deployment", namespaced: true }] };

    it("of a Deployment waits for its pods: the API server is told so", async () => {
        answers["/apis/apps/v1"] = { body: list };
        answers["/apis/apps/v1/namespaces/default/deployments/x"] = { body: {} };
        await api.delete({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x", namespace: "default" } });
        expect(asked.at(-1)?.method).toBe("DELETE");
        expect(bodies).toEqual(['{"propagationPolicy":"Foreground"}']);
    });
});

describe("a server in the cluster, asked by the API server's proxy", () => {
    const jaeger = { kind: "services", namespace: "istio-system", name: "tracing", port: 16686 } as const;
    const path = "/api/v1/namespaces/istio-system/services/tracing:16686/proxy/api/traces/1?limit=2";

    it("answers for itself, whatever its status", async () => {
        answers[path] = { body: { data: [] } };
        expect(await api.getByProxy(jaeger, "/api/traces/1?limit=2")).toEqual({ status: 200, text: '{"data":[]}' });
        answers[path] = { status: 503, body: "busy" };
        expect(await api.getByProxy(jaeger, "/api/traces/1?limit=2")).toEqual({ status: 503, text: "busy" });
        answers[path] = { status: 404, body: "" };
        expect(await api.getByProxy(jaeger, "/api/traces/1?limit=2")).toEqual({ status: 404, text: "" });
        expect(asked[0]?.headers.authorization).toBe("Bearer of-the-kubeconfig");
    });

    it("that is not reached is a fault of the API server's, with its words", async () => {
        answers[path] = refusal(503, 'no endpoints available for service "tracing"');
        await expect(api.getByProxy(jaeger, "/api/traces/1?limit=2")).rejects.toEqual(
            new ApiError(503, 'no endpoints available for service "tracing"'),
        );
    });

    it("is no longer waited for after the user's stop", async () => {
        const stop = new AbortController();
        const answer = api.getByProxy(jaeger, "/api/traces/1?limit=2", stop.signal);
        stop.abort();
        await expect(answer).rejects.toBeInstanceOf(Stopped);
    });

    it("that is no API server at all is named as such", async () => {
        answers["/api/v1/namespaces/kube-system"] = { body: "<html>Sign in</html>" };
        await expect(api.identity()).rejects.toThrow(/what answers at http:.* is no API server of Kubernetes/);
        await expect(ClusterApi.connect({ kubeconfig: "127.0.0.1:6443", context: "test" })).rejects.toThrow(
            'has the server "127.0.0.1:6443" for context "test"; it must be a URL',
        );
    });

    it("of a cluster that does not answer gives a fault that passes", async () => {
        server.close();
        await expect(api.getByProxy(jaeger, "/")).rejects.toMatchObject({ status: 0 });
    });
});

describe("a list of metadata", () => {
    it("asks for no more than that, and may be empty", async () => {
        const secrets = { resources: [{ kind: "Secret", name: "secrets", namespaced: true }] };
        answers["/api/v1"] = { body: secrets };
        answers["/api/v1/secrets?labelSelector=owner%3Dhelm"] = { body: { items: [{ metadata: { name: "a" } }] } };
        expect(await api.listMetadata("v1", "Secret", { labelSelector: "owner=helm" })).toEqual([
            { metadata: { name: "a" } },
        ]);
        expect(asked.at(-1)?.headers.accept).toContain("as=PartialObjectMetadataList");
        answers["/api/v1/secrets?labelSelector=owner%3Dhelm"] = { body: { items: null } };
        expect(await api.listMetadata("v1", "Secret", { labelSelector: "owner=helm" })).toEqual([]);
    });
});
