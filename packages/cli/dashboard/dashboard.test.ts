import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { pageUrl, requireAddons, waitForAddon } from "./addonPage";
import { hasBrowser } from "./browser";
import { Forwarding, type ForwardingOptions } from "./forwarding";
import { UserError } from "../../shared/errors";
import { connectToAddon } from "../mesh/addons";
import type { Mesh } from "../mesh/mesh";
import { deployment, FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";

/** A server on loopback that sends each piece of text back, with its name before it. */
async function echo(name: string): Promise<Server> {
    const server = createServer((socket) => {
        socket.on("data", (text) => socket.write(`${name}: ${text.toString()}`));
        socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
}

function portOf(server: Server): number {
    return (server.address() as AddressInfo).port;
}

/** A free port: another server used it a moment ago. */
async function freePort(): Promise<number> {
    const server = await echo("");
    const port = portOf(server);
    server.close();
    await once(server, "close");
    return port;
}

describe("forwarding", () => {
    const ends: (() => void)[] = [];
    afterEach(() => {
        ends.splice(0).forEach((end) => {
            end();
        });
    });

    const open = async (options: Partial<ForwardingOptions> & Pick<ForwardingOptions, "connect">) => {
        const port = options.port ?? (await freePort());
        const forwarding = await Forwarding.open({ port, onChange: () => undefined, ...options });
        ends.push(() => {
            forwarding.close();
        });
        return { port, forwarding };
    };
    const remote = async (name: string) => {
        const server = await echo(name);
        const sockets = new Set<Socket>();
        server.on("connection", (socket) => sockets.add(socket));
        const stop = () => {
            sockets.forEach((socket) => socket.destroy());
            server.close();
        };
        ends.push(stop);
        return { port: portOf(server), stop };
    };
    const dial = async (port: number, host = "127.0.0.1") => {
        const socket = connect(port, host);
        ends.push(() => socket.destroy());
        await once(socket, "connect");
        return socket;
    };
    const say = async (socket: Socket, text: string) => {
        socket.write(text);
        return ((await once(socket, "data")) as [Buffer])[0].toString();
    };

    it("sends bytes in both directions, separately for each connection", async () => {
        const there = await remote("pod");
        const { port } = await open({ connect: () => Promise.resolve(connect(there.port, "127.0.0.1")) });
        const [one, two] = [await dial(port), await dial(port)];
        expect(await say(one, "a")).toBe("pod: a");
        expect(await say(two, "b")).toBe("pod: b");
        expect(await say(one, "c")).toBe("pod: c");
    });

    it("listens on this machine only", async () => {
        const there = await remote("pod");
        const { forwarding } = await open({ connect: () => Promise.resolve(connect(there.port, "127.0.0.1")) });
        const { servers } = forwarding as unknown as { servers: Server[] };
        const addresses = servers.map((server) => (server.address() as AddressInfo).address);
        expect(addresses[0]).toBe("127.0.0.1");
        expect(addresses.every((address) => address === "127.0.0.1" || address === "::1")).toBe(true);
    });

    it("connects to the new pod after the old one is gone, and reports it once", async () => {
        const changes: unknown[] = [];
        const first = await remote("first");
        let place: number | undefined = first.port;
        const { port } = await open({
            connect: () =>
                place === undefined
                    ? Promise.reject(new UserError("no pod is ready"))
                    : Promise.resolve(connect(place, "127.0.0.1")),
            onChange: (change) => changes.push(change),
        });
        const old = await dial(port);
        expect(await say(old, "a")).toBe("first: a");

        place = undefined;
        first.stop();
        await once(old, "close");
        const waiting = await dial(port);
        const other = await dial(port);
        const answers = Promise.all([say(waiting, "b"), say(other, "c")]);
        await new Promise((resolve) => setTimeout(resolve, 600));
        expect(changes).toEqual([{ lost: "no pod is ready" }]);

        place = (await remote("second")).port;
        expect(await answers).toEqual(["second: b", "second: c"]);
        expect(changes).toEqual([{ lost: "no pod is ready" }, "back"]);
    });

    it("continues after a connection breaks", async () => {
        const there = await remote("pod");
        let broken: Duplex | undefined;
        const { port } = await open({
            connect: () => {
                const connection = connect(there.port, "127.0.0.1");
                broken ??= connection;
                return Promise.resolve(connection);
            },
        });
        const socket = await dial(port);
        expect(await say(socket, "a")).toBe("pod: a");
        broken?.destroy(new UserError("nothing listens in the pod"));
        await once(socket, "close");
        expect(await say(await dial(port), "b")).toBe("pod: b");
    });

    it("frees its port and ends its connections when it closes", async () => {
        const there = await remote("pod");
        const connecting = { connect: () => Promise.resolve(connect(there.port, "127.0.0.1")) };
        const { port, forwarding } = await open(connecting);
        const socket = await dial(port);
        expect(await say(socket, "a")).toBe("pod: a");
        forwarding.close();
        await once(socket, "close");
        await expect(open({ ...connecting, port })).resolves.toMatchObject({ port });
    });

    it("reports a port that another program uses", async () => {
        const there = await remote("other");
        await expect(open({ port: there.port, connect: () => Promise.reject(new UserError("")) })).rejects.toEqual(
            new UserError(`port ${there.port} of this machine is used by another program; choose another with --port`),
        );
        const connect = () => Promise.reject(new UserError(""));
        await expect(open({ port: there.port, oneOfSeveral: "kiali", connect })).rejects.toEqual(
            new UserError(
                `port ${there.port} of this machine, which kiali needs, is used by another program; ` +
                    "free it, or leave kiali out",
            ),
        );
    });
});

describe("an add-on's page", () => {
    let cluster: FakeCluster;
    beforeEach(() => {
        cluster = new FakeCluster();
    });
    const jaeger = (name: string, ready: boolean) => pod("istio-system", name, { app: "jaeger" }, { jaeger: ready });

    it("has the path and the port of Istio 1.0", () => {
        expect(pageUrl("kiali", 20001)).toBe("http://localhost:20001/kiali");
        expect(pageUrl("servicegraph", 1234)).toBe("http://localhost:1234/dotviz");
        expect(pageUrl("jaeger", 16686)).toBe("http://localhost:16686/");
    });

    it("names all add-ons that are not deployed, and how to switch each on", async () => {
        const commands = { up: "npm run up", redeploy: "npm run up -- --refresh" };
        const off = { jaeger: false, kiali: false, grafana: false };
        const mesh = { api: cluster.api, on: off, commands } as unknown as Mesh;
        cluster.objects = [deployment("istio-system", "grafana"), deployment("elsewhere", "kiali")];
        await expect(requireAddons(mesh, "demo", ["grafana"])).resolves.toBeUndefined();
        await expect(requireAddons(mesh, "demo", ["jaeger", "grafana", "kiali"])).rejects.toEqual(
            new UserError(
                "jaeger and kiali are not deployed. Switch on in Pulumi.demo.yaml, or with\n" +
                    "  pulumi config set --path istio.tracing.enabled true --stack demo\n" +
                    "  pulumi config set --path istio.kiali.enabled true --stack demo\n" +
                    "and deploy with\n  npm run up",
            ),
        );
        const switchedOn = { ...mesh, on: { ...mesh.on, kiali: true } };
        await expect(requireAddons(switchedOn, "demo", ["kiali"])).rejects.toEqual(
            new UserError("kiali is not deployed, although switched on. Deploy with\n  npm run up -- --refresh"),
        );
    });

    it("A8: is not that of a Prometheus that the stack does not deploy", async () => {
        const mesh = { api: cluster.api, on: {}, prometheusUrl: "http://prom:9090" } as unknown as Mesh;
        await expect(requireAddons(mesh, "demo", ["prometheus"])).rejects.toThrow(
            'stack "demo" deploys no Prometheus, because its config names another one (istio.prometheus.url): http://prom:9090',
        );
    });

    it("comes from a pod that is ready and is not being deleted", async () => {
        const asked: unknown[] = [];
        const connection = new Duplex();
        cluster.objects = [jaeger("starting", false), jaeger("leaving", true), jaeger("serving", true)];
        cluster.find("Pod", "leaving").metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
        const api = Object.assign(cluster.api, {
            connectToPod: (...args: unknown[]) => {
                asked.push(args);
                return Promise.resolve(connection);
            },
        });
        await waitForAddon(api, "jaeger", new AbortController().signal);
        expect(await connectToAddon(api, "jaeger")).toBe(connection);
        expect(asked).toEqual([[{ namespace: "istio-system", name: "serving" }, 16686]]);
        cluster.remove("Pod", "serving");
        await expect(connectToAddon(cluster.api, "jaeger")).rejects.toEqual(new UserError("no pod is ready"));
    });
});

describe("a browser", () => {
    const desktop = { platform: "linux", env: { DISPLAY: ":0" }, terminal: true } as const;

    it("opens if the user sees it", () => {
        expect(hasBrowser(desktop)).toBe(true);
        expect(hasBrowser({ ...desktop, env: { WAYLAND_DISPLAY: "wayland-0" } })).toBe(true);
        expect(hasBrowser({ ...desktop, platform: "darwin", env: {} })).toBe(true);
    });

    it("does not open without a display, over SSH, in CI or without a terminal", () => {
        expect(hasBrowser({ ...desktop, env: {} })).toBe(false);
        expect(hasBrowser({ ...desktop, env: { DISPLAY: "localhost:10.0", SSH_CONNECTION: "1 2 3 4" } })).toBe(false);
        expect(hasBrowser({ ...desktop, platform: "darwin", env: { SSH_TTY: "/dev/pts/0" } })).toBe(false);
        expect(hasBrowser({ ...desktop, env: { DISPLAY: ":0", CI: "true" } })).toBe(false);
        expect(hasBrowser({ ...desktop, terminal: false })).toBe(false);
    });
});
