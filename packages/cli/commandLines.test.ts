import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, CommanderError } from "commander";
import { FakeApiServer, type PodAnswer } from "../kubernetes/testing/fakeApiServer";
import { deployment, pod } from "../kubernetes/testing/fakeCluster";
import { command as dashboard } from "./dashboard";
import { dashboard as bringPages } from "./dashboard/dashboard";
import { command as verify } from "./verify";

/*
 * The commands as users run them, each in a separate process: what they print, how they end, and the port-forward of the
 * Kubernetes library, an ES module that jest cannot load. Options that are refused need no process.
 */

const PROJECT = path.resolve(__dirname, "../..");

/** A command that runs, with what it has printed so far. */
class Running {
    stdout = "";
    stderr = "";
    private readonly process: ChildProcess;
    private readonly ended: Promise<unknown[]>;

    constructor(verb: string, ...args: string[]) {
        const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
        const file = path.join("packages", "cli", "bookinfo.js");
        this.process = spawn(process.execPath, [file, verb, ...args], { cwd: PROJECT, env });
        this.process.stdout?.on("data", (text: Buffer) => (this.stdout += text.toString()));
        this.process.stderr?.on("data", (text: Buffer) => (this.stderr += text.toString()));
        this.ended = once(this.process, "close");
    }

    /** Waits until a condition is true, or the command has ended. */
    async until(condition: () => boolean): Promise<void> {
        while (!condition()) {
            if (this.process.exitCode !== null) {
                throw new Error(`ended with ${this.process.exitCode}: ${this.stdout}${this.stderr}`);
            }
            await sleep(20);
        }
    }

    interrupt(): void {
        this.process.kill("SIGINT");
    }

    kill(): void {
        this.process.kill("SIGKILL");
    }

    async exitCode(): Promise<unknown> {
        return (await this.ended)[0];
    }
}

/** How a command ends that refuses its options, and what it prints. */
async function refusalOf(command: Command, ...args: string[]): Promise<{ exitCode: unknown; stderr: string }> {
    let stderr = "";
    command.exitOverride().configureOutput({ writeErr: (text) => (stderr += text) });
    const error: unknown = await command.parseAsync(args, { from: "user" }).catch((error: unknown) => error);
    return { exitCode: (error as CommanderError).exitCode, stderr };
}

const running: Running[] = [];
function run(verb: string, ...args: string[]): Running {
    const command = new Running(verb, ...args);
    running.push(command);
    return command;
}
afterEach(() => {
    running.splice(0).forEach((command) => {
        command.kill();
    });
});

jest.setTimeout(30_000);

describe("load", () => {
    let server: Server;
    let url: string;
    let statuses: number[];
    let asked: number;
    beforeEach(async () => {
        statuses = [];
        asked = 0;
        server = createServer((_, response) => {
            asked += 1;
            response.writeHead(statuses.shift() ?? 200).end("<p>Reviews served by: reviews-v2-a-b</p>");
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/productpage`;
    });
    afterEach(() => {
        server.closeAllConnections();
        server.close();
    });

    it("prints a summary for people, and no moving line without a terminal", async () => {
        const load = run("load", "--url", url, "--requests", "20");
        expect(await load.exitCode()).toBe(0);
        expect(asked).toBe(20);
        expect(load.stdout).toMatch(/20 requests, 4 at a time, in [\d.]+ s: [\d.]+ per second/);
        expect(load.stdout).toMatch(/status codes +200 +20/);
        expect(load.stdout).toMatch(/reviews +v2 +20/);
        expect(load.stderr).toBe("");
    });

    it("prints only JSON with --json, and fails if a request has failed", async () => {
        statuses = [500];
        const load = run("load", "--url", url, "-n", "3", "-c", "1", "--json");
        expect(await load.exitCode()).toBe(1);
        expect(JSON.parse(load.stdout)).toMatchObject({
            requests: { planned: 3, done: 3 },
            statuses: { "200": 2, "500": 1 },
            failed: 1,
            reviews: { v2: 2 },
        });
        expect(load.stderr).toBe("error: 1 of 3 requests failed\n");
    });

    it("prints the results so far when it is interrupted", async () => {
        const load = run("load", "--url", url, "-n", "1000000");
        await load.until(() => asked > 50);
        load.interrupt();
        expect(await load.exitCode()).toBe(130);
        expect(load.stdout).toMatch(/\d+ of 1000000 requests, 4 at a time/);
        expect(load.stdout).toMatch(/reviews +v2 +\d+/);
    });
});

describe("verify", () => {
    it("accepts only a URL for the page", async () => {
        const { exitCode, stderr } = await refusalOf(verify, "--url", "nowhere");
        expect(exitCode).toBe(1);
        expect(stderr).toContain("Allowed: a URL that begins with http:// or https://.");
    });
});

describe("dashboard", () => {
    let cluster: FakeApiServer;
    let folder: string;
    let options: string[];
    let answer: (name: string) => PodAnswer;
    const grafana = (name: string) => pod("istio-system", name, { app: "grafana" }, { grafana: true });
    const page = (text: string) => ({
        text: Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`),
    });

    beforeEach(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
        answer = (name) => page(`from ${name}`);
        cluster = await FakeApiServer.start((name) => answer(name));
        cluster.deployments = [deployment("istio-system", "grafana")];
        cluster.pods = [grafana("grafana-1")];
        writeFileSync(path.join(folder, "config"), cluster.kubeconfig);
        options = ["--kubeconfig", path.join(folder, "config"), "--context", "fake", "--no-open"];
    });
    afterEach(() => {
        cluster.stop();
        rmSync(folder, { recursive: true });
    });

    const freePort = async () => {
        const server = createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        server.close();
        await once(server, "close");
        return String(port);
    };
    const ask = (port: string) =>
        new Promise<string>((resolve, reject) => {
            get(`http://127.0.0.1:${port}/`, { agent: false }, (response) => {
                let body = "";
                response.on("data", (text: Buffer) => (body += text.toString()));
                response.on("end", () => {
                    resolve(body);
                });
                response.on("error", reject);
            }).on("error", reject);
        });

    it("forwards a local port to a pod, and then to its successor, pages of any size, until Ctrl-C", async () => {
        const port = await freePort();
        const forwarding = run("dashboard", "grafana", "--port", port, ...options);
        await forwarding.until(() => forwarding.stdout.includes("Ctrl-C ends this."));
        expect(forwarding.stdout).toContain(`grafana  http://localhost:${port}/`);
        expect(await ask(port)).toBe("from grafana-1");
        expect(cluster.forwarded).toEqual(["istio-system/grafana-1:3000"]);

        const kept = connect(Number(port), "127.0.0.1");
        kept.write("GET / HTTP/1.1\r\n\r\n");
        await once(kept, "data");
        cluster.pods = [];
        cluster.dropConnections();
        await once(kept, "close");
        const waiting = ask(port);
        await forwarding.until(() => forwarding.stderr.includes("waiting for another pod"));
        cluster.pods = [grafana("grafana-2")];
        expect(await waiting).toBe("from grafana-2");
        await forwarding.until(() => forwarding.stderr.includes("grafana is back."));

        // Pages of any size are complete. If the pod does not listen, the connection is closed.
        const large = "0123456789".repeat(500_000);
        answer = () => page(large);
        expect((await ask(port)) === large).toBe(true);
        answer = () => ({ complaint: "connection refused" });
        await expect(ask(port)).rejects.toMatchObject({ code: "ECONNRESET" });
        answer = () => page("well again");
        expect(await ask(port)).toBe("well again");

        forwarding.interrupt();
        expect(await forwarding.exitCode()).toBe(0);
        await expect(ask(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    });

    it("A6: brings Bookinfo's page from the ingress gateway's pods, as load does if there is no address", async () => {
        cluster.pods = [pod("istio-system", "gateway-1", { istio: "ingressgateway" }, { "istio-proxy": true })];
        cluster.services = [
            {
                apiVersion: "v1",
                kind: "Service",
                metadata: { name: "istio-ingressgateway", namespace: "istio-system" },
                spec: { type: "ClusterIP", ports: [{ port: 80, targetPort: 8080 }] },
            },
        ];
        const port = await freePort();
        const dashboard = run("dashboard", "bookinfo", "--port", port, ...options);
        const load = run("load", "-n", "5", "-c", "1", ...options.slice(0, -1));
        await dashboard.until(() => dashboard.stdout.includes("Ctrl-C ends this."));
        expect(dashboard.stdout).toContain(`bookinfo  http://localhost:${port}/productpage`);
        expect(await ask(port)).toBe("from gateway-1");
        expect(await load.exitCode()).toBe(0);
        expect(load.stdout).toMatch(/status codes +200 +5/);
        expect(load.stderr).toMatch(
            /has no external address, because its Service is of type ClusterIP.*\n.*dashboard bookinfo/,
        );
        expect(new Set(cluster.forwarded)).toEqual(new Set(["istio-system/gateway-1:8080"]));
    });

    it("reports missing add-ons, and lists the names", async () => {
        const missing = run("dashboard", "grafana", "jaeger", ...options);
        expect(await missing.exitCode()).toBe(1);
        // By default all are switched on.
        expect(missing.stderr).toBe(
            "error: jaeger is not deployed, although switched on. Deploy with\n  pulumi up --stack fake --refresh\n",
        );
        const misspelt = await refusalOf(dashboard, "grafanna", ...options);
        expect(misspelt.exitCode).toBe(1);
        expect(misspelt.stderr).toMatch(/'grafanna' is invalid.*Allowed choices are prometheus, grafana, jaeger/);
        const exit = jest.spyOn(process, "exit").mockImplementation();
        const print = jest.spyOn(console, "error").mockImplementation();
        await bringPages([], { open: false });
        const said = print.mock.calls.join();
        print.mockRestore();
        expect(exit).toHaveBeenCalledWith(1);
        exit.mockRestore();
        expect(said).toContain("name one or more of prometheus, grafana, jaeger, kiali, servicegraph");
    });
});
