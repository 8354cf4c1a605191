import * as fs from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { coldStart, kubectl, npmRun, sandboxKubeconfig, stackFile, WITHOUT_ADDONS, writeStackFile } from "../commands";
import { nothingDeployed } from "../sharedSandbox";

/* A cluster whose address changes, as kind's and minikube's do. Nothing listens any more at the address in Pulumi's state. */

const stack = "renewed";
const folder = fs.mkdtempSync(path.join(tmpdir(), "renewed-kubeconfig-"));
const kubeconfig = path.join(folder, "kubeconfig");

/** A temporary address of the API server. */
const proxy = net.createServer((client) => {
    const server = net.connect(6443, "198.51.100.10");
    for (const [from, to] of [
        [client, server],
        [server, client],
    ] as const) {
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
    }
});

beforeAll(async () => {
    await nothingDeployed();
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as net.AddressInfo;
    const original = fs.readFileSync(sandboxKubeconfig, "utf8");
    const server = `server: https://127.0.0.1:${port}\n      tls-server-name: kubernetes`;
    fs.writeFileSync(kubeconfig, original.replace(/server: .+/, server));
    writeStackFile(stack, { cluster: { path: kubeconfig }, istio: WITHOUT_ADDONS });
    expect(await npmRun("up", "--stack", stack)).toMatchObject({ code: 0 });
    proxy.close();
    fs.writeFileSync(kubeconfig, original);
}, coldStart);

afterAll(() => {
    fs.rmSync(stackFile(stack), { force: true });
    fs.rmSync(folder, { recursive: true });
});

it("is reached by an up that has to read the cluster", async () => {
    await kubectl("scale", "deployment", "productpage-v1", "--replicas=2");
    expect(await npmRun("up", "--stack", stack)).toMatchObject({ code: 0 });
    expect(await kubectl("get", "deployment", "productpage-v1", "--output", "jsonpath={.spec.replicas}")).toBe("1");
}, 600_000);

it("is reached by down", async () => {
    expect(await npmRun("down", "--stack", stack)).toMatchObject({ code: 0 });
    expect(await kubectl("get", "namespaces", "--output", "name")).not.toContain("istio-system");
}, 600_000);
