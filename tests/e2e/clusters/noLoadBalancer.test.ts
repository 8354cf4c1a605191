import { once } from "node:events";
import * as net from "node:net";
import {
    coldStart,
    type CommandResult,
    get,
    kubectl,
    npmRun,
    removeStack,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { during } from "../postCommands";
import { nothingDeployed } from "../sharedSandbox";

/*
 * A cluster whose load balancer is missing, taken or out of reach. One deployment goes through these conditions, because a new
 * type of the gateway's Service takes seconds. The sandbox's own controller of load balancers is stopped.
 */

const STACK = "way-in";
const NODE = "198.51.100.10";
/** An address in the sandbox's network that nothing has. */
const SILENT = "198.51.100.99";
const options = ["--stack", STACK];

/** Stops the service that gives addresses, as on a cluster that has none. `npm run sandbox -- up` starts it again. */
async function stopLoadBalancer(): Promise<void> {
    const { parts } = JSON.parse((await npmRun("sandbox", "status", "--json")).stdout) as {
        parts: Record<string, { pid?: number } | undefined>;
    };
    const pid = parts["load-balancer"]?.pid;
    expect(pid).toBeGreaterThan(0);
    process.kill(pid ?? 0, "SIGKILL");
}

function up(gateway: object): Promise<CommandResult> {
    writeStackFile(STACK, { istio: { ...WITHOUT_ADDONS, timeout: 60, gateway } });
    return npmRun("up", ...options);
}

/** The result of `verify` for the page. */
async function pageCheck(): Promise<{ code: number; status: string; found: string; note?: string }> {
    const { code, stdout } = await npmRun("verify", "--json", ...options);
    const { checks } = JSON.parse(stdout) as {
        checks: { name: string; status: string; found: string; note?: string }[];
    };
    const page = checks.find(({ name }) => name === "page");
    return { code, status: page?.status ?? "missing", found: page?.found ?? "", note: page?.note };
}

async function freePort(): Promise<number> {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, "close");
    return port;
}

beforeAll(async () => {
    await nothingDeployed();
    // Somebody else's Service has port 80 already.
    await kubectl("create", "namespace", "shop");
    await kubectl("--namespace", "shop", "create", "service", "loadbalancer", "shop", "--tcp=80:80");
    await stopLoadBalancer();
}, coldStart);

afterAll(async () => {
    await removeStack(STACK);
    await kubectl("delete", "namespace", "shop");
    expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
}, 300_000);

describe("A6: a gateway without a load balancer", () => {
    let result: CommandResult;
    beforeAll(async () => {
        result = await up({ service: { type: "ClusterIP" } });
    }, 300_000);

    it("ends up well, without an address, and says how to open the page", () => {
        expect(result).toMatchObject({ code: 0 });
        const { stdout } = result;
        expect(stdout).toContain("\nBookinfo is up.\n");
        expect(stdout).toContain(`npm run dashboard -- bookinfo --stack ${STACK}`);
        expect(stdout).toContain(`  openCommand: npx bookinfo dashboard bookinfo --stack ${STACK}\n`);
        expect(stdout).not.toMatch(/productpageUrl|ingressIp|curl/);
    });

    it("shows its page by the dashboard, load and verify", async () => {
        const port = await freePort();
        const dashboard = during(
            `npm run --silent dashboard -- bookinfo --port ${port} --no-open ${options.join(" ")}`,
            /Ctrl-C ends this/,
            () => get(`http://localhost:${port}/productpage`),
        );
        const [page, load, check] = await Promise.all([
            dashboard,
            npmRun("load", "--requests", "20", ...options),
            pageCheck(),
        ]);
        expect(page).toMatchObject({ status: 200, server: "istio-envoy" });
        expect(page.body).toContain("The Comedy of Errors");
        expect(load).toMatchObject({ code: 0 });
        expect(load.output).toContain("The requests go through a port-forward");
        expect(load.stdout).toMatch(/status codes +200 +20/);
        expect(check).toMatchObject({ code: 0, status: "ok", found: "the page, through the API server, answers 200" });
        expect(check.note).toContain("has no external address, because its Service is of type ClusterIP");
    }, 120_000);
});

describe("A6: a gateway at a port of the nodes", () => {
    it("answers at the address that the config names, beside somebody else's Service on port 80", async () => {
        const { code, stdout } = await up({
            service: { type: "NodePort", nodePort: 30080, annotations: { "example.com/owner": "books" } },
            address: `${NODE}:30080`,
        });
        expect({ code, stdout }).toMatchObject({ code: 0 });
        const page = `http://${NODE}:30080/productpage`;
        expect(stdout).toContain(`Bookinfo is up: ${page}\n`);
        expect(stdout).toContain(`  productpageUrl: ${page}\n`);
        expect(stdout).toContain(`  ingressIp: ${NODE}\n`);
        expect(await get(page)).toMatchObject({ status: 200, server: "istio-envoy" });
        const service = await kubectl(
            ...["--namespace", "istio-system", "get", "service", "istio-ingressgateway"],
            "--output=jsonpath={.spec.type} {.metadata.annotations.example\\.com/owner}",
        );
        expect(service).toBe("NodePort books");
    }, 120_000);
});

describe("A6: an address that is silent", () => {
    it("ends up well after 20 s, and says why this machine may not reach it", async () => {
        const begun = Date.now();
        const { code, stdout } = await up({ service: { type: "NodePort", nodePort: 30080 }, address: SILENT });
        const seconds = (Date.now() - begun) / 1000;
        expect({ code, stdout }).toMatchObject({ code: 0 });
        expect(seconds).toBeGreaterThan(20);
        expect(stdout).toContain(`This machine does not reach http://${SILENT}/productpage`);
        expect(stdout).toContain("but the page answers through the API server: Bookinfo works.");
        expect(stdout).toContain("what stands in front of the gateway does not run");
        expect(stdout).toContain("correct istio.gateway.address");
    }, 120_000);
});
