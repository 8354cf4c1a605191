import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createAuthority } from "../../../packages/sandbox/controlPlane/certificates";
import {
    clone,
    coldStart,
    type CommandResult,
    get,
    kubectl,
    listObjects,
    npmRunWith,
    plainText,
    poll,
    PRIVILEGED_NAMESPACE,
    removeStack,
    runCommand,
    sandboxInit,
    writeStackFile,
    WITHOUT_ADDONS,
} from "../commands";
import { waitForOutput } from "../processes";
import { nothingDeployed } from "../sharedSandbox";
import { ConnectProxy } from "./connectProxy";

/*
 * A company's cluster: a platform team has made both namespaces, and the Secret with the CA of the mesh. The API server is
 * reached through a proxy, and istiod has another cluster domain. One deployment has it all. (The domain is istiod's alone: the
 * sandbox's own DNS keeps cluster.local.)
 */

const stack = "existing";
const app = "shop";
const API_SERVER = "198.51.100.10:6443";
const DOMAIN = "corp.internal";

let folder: string;
let proxy: ConnectProxy;
/** The platform team's certificate. */
let root: string;
/** The objects before the deployment. */
let before: string[];
let up: CommandResult;

/** `npm run SCRIPT` as in a company: with the proxy. */
const inCompany = (script: string, ...args: string[]) =>
    npmRunWith({ HTTPS_PROXY: proxy.url, NO_PROXY: "" }, script, ...args);

const namespace = async (name: string) =>
    JSON.parse(await kubectl("get", "namespace", name, "--output=json")) as {
        metadata: { uid: string; labels: Record<string, string>; annotations?: Record<string, string> };
    };

beforeAll(async () => {
    await nothingDeployed();
    folder = fs.mkdtempSync(path.join(tmpdir(), "existing-"));
    proxy = await ConnectProxy.start();
    const { certificate, key } = await createAuthority();
    root = certificate;
    const files = {
        "ca-cert.pem": certificate,
        "ca-key.pem": key,
        "cert-chain.pem": certificate,
        "root-cert.pem": root,
    };
    for (const [name, content] of Object.entries(files)) {
        fs.writeFileSync(path.join(folder, name), content);
    }
    for (const name of ["istio-system", app]) {
        await kubectl("create", "namespace", name);
    }
    await kubectl("label", "namespace", app, ...Object.entries(PRIVILEGED_NAMESPACE).map((label) => label.join("=")));
    await kubectl("create", "secret", "generic", "cacerts", "--namespace=istio-system", `--from-file=${folder}`);
    const isComplete = (objects: string[]) =>
        ["istio-system", app].every((name) => objects.includes(`v1/ConfigMap ${name}/kube-root-ca.crt`));
    before = await poll(listObjects, isComplete, { timeout: 20_000 });
    writeStackFile(stack, {
        app: { namespace: app },
        istio: {
            ...WITHOUT_ADDONS,
            tracing: { enabled: true },
            values: { istiod: { global: { proxy: { clusterDomain: DOMAIN } } } },
        },
    });
    up = await inCompany("up", "--stack", stack);
}, coldStart);

afterAll(async () => {
    await removeStack(stack);
    await kubectl("delete", "namespace", "istio-system", app, "--ignore-not-found");
    proxy.stop();
    fs.rmSync(folder, { recursive: true });
}, 120_000);

describe("up in a company's cluster", () => {
    it("uses the namespaces that are there, and says so", async () => {
        expect(up).toMatchObject({ code: 0 });
        for (const name of ["istio-system", app]) {
            expect(up.output).toContain(`Namespace ${name} is there already: it is used and patched`);
        }
        expect((await namespace(app)).metadata.labels).toMatchObject({ "istio-injection": "enabled" });
        const { metadata } = await namespace("istio-system");
        expect(metadata.annotations).toMatchObject({ "bookinfo-mesh/stack": stack });
    });

    it("gives the mesh certificates of the platform team's CA", async () => {
        const address = "--output=jsonpath={.items[0].status.podIP}";
        const podIp = await kubectl("get", "pods", `--namespace=${app}`, "--selector=app=details", address);
        const [authorized, name] = (await peerOf(podIp, 9080)).split(" ");
        expect({ authorized, name }).toEqual({
            authorized: "true",
            name: `URI:spiffe://cluster.local/ns/${app}/sa/bookinfo-details`,
        });
        const inNamespace = "--output=jsonpath={.data.root-cert\\.pem}";
        const given = await kubectl("get", "configmap", "istio-ca-root-cert", `--namespace=${app}`, inNamespace);
        expect(new X509Certificate(given).fingerprint256).toBe(new X509Certificate(root).fingerprint256);
    });

    it("asks the API server through the proxy, as verify does, which finds nothing wrong", async () => {
        expect(new Set(proxy.tunnels)).toEqual(new Set([API_SERVER]));
        const { length } = proxy.tunnels;
        // The trace of a request arrives although the domain is another one.
        const { code, output, stdout } = await inCompany("verify", "--json", "--stack", stack);
        expect({ code, output }).toMatchObject({ code: 0 });
        const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string }[] };
        const status = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
        expect(status).toMatchObject({ sidecars: "ok", "strict mTLS": "ok", page: "ok", traces: "ok" });
        expect(proxy.tunnels.length).toBeGreaterThan(length + 10);
    }, 60_000);

    it("forwards ports through the proxy too", async () => {
        const { length } = proxy.tunnels;
        const args = ["dashboard", "jaeger", "--no-open", "--port", "26686", "--stack", stack];
        const env = { ...plainText, HTTPS_PROXY: proxy.url, NO_PROXY: "" };
        const dashboard = spawn(process.execPath, ["packages/cli/bookinfo.js", ...args], { cwd: clone, env });
        try {
            await waitForOutput(dashboard, /Ctrl-C ends this/);
            expect(await get("http://localhost:26686/api/services")).toMatchObject({ status: 200 });
            expect(proxy.tunnels.length).toBeGreaterThan(length);
        } finally {
            dashboard.kill("SIGINT");
        }
    }, 60_000);

    it("changes nothing at a second run", async () => {
        const { uid } = (await namespace("istio-system")).metadata;
        const again = await inCompany("up", "--stack", stack);
        expect(again).toMatchObject({ code: 0 });
        expect(again.output).not.toContain("is there already");
        expect((await namespace("istio-system")).metadata.uid).toBe(uid);
    }, 120_000);
});

describe("down in a company's cluster", () => {
    it("leaves both namespaces and the Secret, and nothing else", async () => {
        const uids = async () =>
            Promise.all(["istio-system", app].map(async (name) => (await namespace(name)).metadata.uid));
        const [earlier, secret] = await Promise.all([uids(), secretOf()]);
        expect(await inCompany("down", "--stack", stack)).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await kubectl("get", "leases", "--namespace=istio-system", "--output=name")).toBe("");
        expect(await uids()).toEqual(earlier);
        expect(await secretOf()).toBe(secret);
        expect((await namespace(app)).metadata.labels).not.toHaveProperty("istio-injection");
        expect((await namespace("istio-system")).metadata.annotations ?? {}).toEqual({});
    }, 120_000);
});

function secretOf(): Promise<string> {
    return kubectl("get", "secret", "cacerts", "--namespace=istio-system", "--output=jsonpath={.metadata.uid} {.data}");
}

/**
 * Asks a sidecar for its certificate, from the node's network.
 * @returns whether the platform team's root certificate authorizes it, and the names in it
 */
async function peerOf(host: string, port: number): Promise<string> {
    const script = `
        const socket = require("node:tls").connect({
            host: ${JSON.stringify(host)}, port: ${port}, ca: ${JSON.stringify(root)},
            ALPNProtocols: ["istio"], rejectUnauthorized: false, checkServerIdentity: () => undefined,
        }, () => {
            console.log(String(socket.authorized), socket.getPeerCertificate().subjectaltname);
            socket.destroy();
        });
        socket.on("error", (error) => console.log(error.code));`;
    const enter = ["--target", String(sandboxInit()), "--net", "--", process.execPath, "--eval", script];
    return (await runCommand("nsenter", enter)).stdout.trim();
}
