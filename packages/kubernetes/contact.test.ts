import { once } from "node:events";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createSilentServer, type Server } from "node:net";
import type { User } from "@kubernetes/client-node";
import { ClusterApi } from "./api";
import { credentialsAdvice } from "./credentials";
import { UserError } from "../shared/errors";
import type * as Kubeconfig from "./testing/kubeconfig";
import { kubeconfigFor } from "./testing/kubeconfig";
import { createAuthority } from "../sandbox/controlPlane/certificates";

jest.mock("./client", () => jest.requireActual<typeof Kubeconfig>("./testing/kubeconfig"));

let server: Server | undefined;
afterEach(() => server?.close());

/** The identity or the error from a contact with an address. */
async function contactWith(address: string): Promise<unknown> {
    const cluster = { kubeconfig: "/k", context: "mine" };
    const api = await ClusterApi.connect(cluster, kubeconfigFor(address, "mine", { token: "SECRET" }));
    return api.identity().catch((error: unknown) => (error instanceof UserError ? error.message : error));
}

/** The same with an API server that always gives the same answer. */
async function contactWithServer(status: number, body: object): Promise<unknown> {
    server = createPlainServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return contactWith(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const refusal = (message: string) => ({ kind: "Status", apiVersion: "v1", message });

describe("the first contact with a cluster", () => {
    it("gives its identity", async () => {
        const body = { kind: "Namespace", metadata: { name: "kube-system", uid: "its-uid" } };
        expect(await contactWithServer(200, body)).toBe("its-uid");
    });

    it("says that nothing answers, and what to check", async () => {
        const fault = await contactWith("http://127.0.0.1:1");
        expect(fault).toContain('the cluster of context "mine" (http://127.0.0.1:1) does not answer: ');
        expect(fault).toContain("ECONNREFUSED");
        expect(fault).toMatch(/Is it running.*kubectl --kubeconfig \S+ --context mine get --raw \/readyz/);
    });

    it("ends if the server stays silent", async () => {
        const silent = createSilentServer(() => undefined).listen(0, "127.0.0.1");
        server = silent;
        await once(silent, "listening");
        jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "clearImmediate"] });
        try {
            const fault = contactWith(`https://127.0.0.1:${(silent.address() as AddressInfo).port}`);
            await once(silent, "connection");
            jest.advanceTimersByTime(15_000);
            expect(await fault).toContain("does not answer: no answer in 15 s");
        } finally {
            jest.useRealTimers();
        }
    });

    it("says that credentials are refused, and quotes nothing of them", async () => {
        const fault = await contactWithServer(401, refusal("Unauthorized"));
        expect(fault).toContain("refuses the credentials of /k");
        expect(fault).toContain("Get a new one");
        expect(fault).not.toContain("SECRET");
    });

    it("says that the API server itself fails", async () => {
        expect(await contactWithServer(503, refusal("etcd is down"))).toMatch(/does not work: etcd is down[^]*readyz/);
    });

    it("passes on that the request is forbidden", async () => {
        const error = contactWithServer(403, refusal("namespaces is forbidden"));
        expect(await error).toBe("namespaces is forbidden");
    });

    it("distinguishes an untrusted certificate from silence", async () => {
        const { certificate, key } = await (await createAuthority()).server(["localhost"], ["127.0.0.1"]);
        server = createServer({ cert: certificate, key });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const fault = await contactWith(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
        expect(fault).toContain("shows a certificate that the kubeconfig does not trust: ");
        expect(fault).toContain("Get its new kubeconfig");
    });
});

describe("advice about refused credentials", () => {
    const token = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.SECRET`;
    const advice = (user: Partial<User>, now?: number) => credentialsAdvice({ name: "me", ...user }, now);

    it("for a token, says when it expired", () => {
        const expired = advice({ token: token({ exp: 1_600_000_000 }) });
        expect(expired).toBe(
            "The token expired at 2020-09-13T12:26:40Z. Get a new one, and put it into the kubeconfig.",
        );
        expect(advice({ token: token({ exp: 4_000_000_000 }) })).toContain(
            "valid until 2096-10-02T07:06:40Z, so it was",
        );
        expect(advice({ token: "opaque" })).toContain("has expired, was revoked, or belongs to another cluster");
        expect(advice({ token: token({}) })).toContain("has expired, was revoked");
    });

    it("for a certificate, says when it expires", async () => {
        const { certificate } = await (await createAuthority()).client("me");
        const certData = Buffer.from(certificate).toString("base64");
        expect(advice({ certData })).toMatch(/^The client certificate is valid until \d{4}-.*Z, so it was revoked/);
        const later = Date.now() + 2 * 365 * 24 * 3600_000;
        expect(advice({ certData }, later)).toMatch(/^The client certificate expired at .*Get a new kubeconfig/);
        expect(advice({ certFile: "/no/such/file" })).toContain("has expired, was revoked");
    });

    it("for a login command, says to log in again", () => {
        expect(advice({ exec: { command: "gke-gcloud-auth-plugin" } })).toContain(
            "the command gke-gcloud-auth-plugin: log in again",
        );
    });

    it("for missing credentials, says that they are missing", () => {
        expect(advice({})).toContain("a user without credentials");
        expect(credentialsAdvice(undefined)).toContain("a user without credentials");
        expect(advice({ username: "me", password: "SECRET" })).toMatch(/^Renew them/);
    });
});
