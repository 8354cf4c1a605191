import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ClusterApi } from "./api";
import { ApiError } from "./apiError";
import { Stopped } from "../shared/errors";
import type * as Kubeconfig from "./testing/kubeconfig";
import { kubeconfigFor } from "./testing/kubeconfig";

jest.mock("./client", () => jest.requireActual<typeof Kubeconfig>("./testing/kubeconfig"));

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
    api = await connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
    server.closeAllConnections();
    server.close();
});

function connect(url: string): Promise<ClusterApi> {
    const content = kubeconfigFor(url, "test", { token: "of-the-kubeconfig" });
    return ClusterApi.connect({ kubeconfig: "/k", context: "test" }, content);
}

const refusal = (code: number, message: string) => ({
    status: code,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", code, message },
});

describe("connecting", () => {
    const connectBy = (content: string, context = "test") =>
        ClusterApi.connect({ kubeconfig: "/k", context }, content).catch((error: unknown) => String(error));

    it("says what is wrong with the kubeconfig, and quotes nothing of it", async () => {
        const valid = kubeconfigFor("https://192.0.2.1:6443", "test");
        expect(await connectBy(valid, "other")).toBe(
            'UserError: the context "other" of the kubeconfig /k cannot be used: the kubeconfig has no such context',
        );
        expect(await connectBy(kubeconfigFor("", "test"))).toContain("the kubeconfig has no server for the context's");
        expect(await connectBy("users: SECRET: [")).toMatch(
            /of the kubeconfig \/k cannot be used: the file is not YAML$/,
        );
        await expect(ClusterApi.connect({ kubeconfig: "/no/such/file", context: "test" })).rejects.toThrow(
            "there is no file /no/such/file",
        );
    });
});

describe("a deletion", () => {
    const list = { resources: [{ name: "deployments", kind: "Deployment", namespaced: true }] };

    it("of a Deployment waits for its pods, by its propagation policy", async () => {
        answers["/apis/apps/v1"] = { body: list };
        answers["/apis/apps/v1/namespaces/default/deployments/x"] = { body: {} };
        await api.delete({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x", namespace: "default" } });
        expect(asked.at(-1)?.method).toBe("DELETE");
        expect(bodies).toEqual(['{"propagationPolicy":"Foreground"}']);
    });
});

describe("the log of a container", () => {
    const path = "/api/v1/namespaces/default/pods/p/log?container=main&previous=true&tailLines=40&limitBytes=65536";
    const read = () => api.log({ name: "p", namespace: "default" }, "main", { previous: true, lines: 40 });

    it("is its last lines as text, and no more than a bounded number of bytes is asked for", async () => {
        answers[path] = { body: "first\nlast\n" };
        expect(await read()).toBe("first\nlast\n");
    });

    it("is an ApiError in the words of the API server if there is none", async () => {
        answers[path] = refusal(403, "pods/log is forbidden");
        await expect(read()).rejects.toThrow(new ApiError(403, "pods/log is forbidden"));
    });
});

describe("a server in the cluster, behind the API server's proxy", () => {
    const jaeger = { kind: "services", namespace: "istio-system", name: "tracing", port: 16686 } as const;
    const path = "/api/v1/namespaces/istio-system/services/tracing:16686/proxy/api/traces/1?limit=2";

    it("gives its own answer, with any status", async () => {
        answers[path] = { body: { data: [] } };
        expect(await api.getByProxy(jaeger, "/api/traces/1?limit=2")).toEqual({ status: 200, text: '{"data":[]}' });
        answers[path] = { status: 503, body: "busy" };
        expect(await api.getByProxy(jaeger, "/api/traces/1?limit=2")).toEqual({ status: 503, text: "busy" });
        answers[path] = { status: 404, body: "" };
        expect(await api.getByProxy(jaeger, "/api/traces/1?limit=2")).toEqual({ status: 404, text: "" });
        expect(asked[0]?.headers.authorization).toBe("Bearer of-the-kubeconfig");
    });

    it("that is not reached gives an error with the message of the API server", async () => {
        answers[path] = refusal(503, 'no endpoints available for service "tracing"');
        await expect(api.getByProxy(jaeger, "/api/traces/1?limit=2")).rejects.toEqual(
            new ApiError(503, 'no endpoints available for service "tracing"'),
        );
    });

    it("ends the wait when the user stops it", async () => {
        const stop = new AbortController();
        const answer = api.getByProxy(jaeger, "/api/traces/1?limit=2", stop.signal);
        stop.abort();
        await expect(answer).rejects.toBeInstanceOf(Stopped);
    });

    it("that is not an API server is reported as such", async () => {
        answers["/api/v1/namespaces/kube-system"] = { body: "<html>Sign in</html>" };
        await expect(api.identity()).rejects.toThrow(/the server at http:.* is not a Kubernetes API server/);
        await expect(connect("127.0.0.1:6443")).rejects.toThrow(
            'has the server "127.0.0.1:6443" for context "test"; it must be a URL',
        );
    });

    it("of a cluster that does not answer gives a transient error", async () => {
        server.close();
        await expect(api.getByProxy(jaeger, "/")).rejects.toMatchObject({ status: 0 });
    });
});

describe("the kinds of an API version", () => {
    const namespaces = { resources: [{ kind: "Namespace", name: "namespaces", namespaced: false }] };
    const read = (name: string) => api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const times = (url: string) => asked.filter((request) => request.url === url).length;

    it("are asked for once, also by requests at the same time", async () => {
        answers["/api/v1"] = { body: namespaces };
        answers["/api/v1/namespaces/a"] = answers["/api/v1/namespaces/b"] = { body: { kind: "Namespace" } };
        await Promise.all([read("a"), read("b")]);
        await read("a");
        expect([times("/api/v1"), times("/api/v1/namespaces/a")]).toEqual([1, 2]);
    });

    it("are asked for again if one is missing, or if there was no answer", async () => {
        answers["/api/v1"] = refusal(503, "starting");
        await expect(read("a")).rejects.toThrow("starting");
        answers["/api/v1"] = { body: { resources: [] } };
        expect(await read("a")).toBeUndefined();
        answers["/api/v1"] = { body: namespaces };
        answers["/api/v1/namespaces/a"] = { body: { kind: "Namespace" } };
        expect(await read("a")).toBeDefined();
    });
});

describe("a list of metadata", () => {
    it("requests only metadata, and may be empty", async () => {
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
