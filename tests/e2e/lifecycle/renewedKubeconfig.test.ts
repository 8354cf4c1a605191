import * as fs from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { clone, coldStart, kubectl, npmRun, sandboxKubeconfig, stackFileWith } from "../commands";

/* A cluster whose address changes, as kind's and minikube's do: the one that Pulumi's state knows leads nowhere then. */

const folder = fs.mkdtempSync(path.join(tmpdir(), "renewed-kubeconfig-"));
const kubeconfig = path.join(folder, "kubeconfig");
const stackFile = path.join(clone, "Pulumi.renewed.yaml");

/** An address of the API server that lasts as long as it is listened to. */
const passing = net.createServer((client) => {
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
    expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
    await new Promise<void>((resolve) => passing.listen(0, "127.0.0.1", resolve));
    const { port } = passing.address() as net.AddressInfo;
    const lasting = fs.readFileSync(sandboxKubeconfig, "utf8");
    const server = `server: https://127.0.0.1:${port}\n      tls-server-name: kubernetes`;
    fs.writeFileSync(kubeconfig, lasting.replace(/server: .+/, server));
    fs.writeFileSync(stackFile, stackFileWith({ cluster: { path: kubeconfig } }));
    expect(await npmRun("up", "--stack", "renewed")).toMatchObject({ code: 0 });
    passing.close();
    fs.writeFileSync(kubeconfig, lasting);
}, coldStart);

afterAll(async () => {
    fs.rmSync(stackFile, { force: true });
    fs.rmSync(folder, { recursive: true });
    await npmRun("down");
}, 300_000);

it("is reached by up where that has to look what is there", async () => {
    await kubectl("scale", "deployment", "productpage-v1", "--replicas=2");
    expect(await npmRun("up", "--stack", "renewed")).toMatchObject({ code: 0 });
    expect(await kubectl("get", "deployment", "productpage-v1", "--output", "jsonpath={.spec.replicas}")).toBe("1");
}, 600_000);

it("is reached by down", async () => {
    expect(await npmRun("down", "--stack", "renewed")).toMatchObject({ code: 0 });
    expect(await kubectl("get", "namespaces", "--output", "name")).not.toContain("istio-system");
}, 600_000);
