import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { callerOf } from "../../../components/bookinfo/accessSpecs";
import { BOOKINFO_NAMES } from "../../../components/names";
import { FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";
import { outputOf } from "../../shared/childProcess";
import { Stopped, UserError } from "../../shared/errors";
import type { Mesh } from "../mesh/mesh";
import type * as Visit from "./visit";
import { askCommand, checkAccess, limitsCallers, statusIn } from "./access";
import { failed, ok } from "./check";

// A pause takes no time, and the clock moves on by it.
jest.mock("../../kubernetes/wait", () => ({
    pause: () => {
        jest.setSystemTime(Date.now() + 10_000);
        return Promise.resolve();
    },
}));

let mockPage: number | undefined;
jest.mock("./visit", (): typeof Visit => ({
    ...jest.requireActual<typeof Visit>("./visit"),
    visitPage: () => Promise.resolve({ what: "the page", status: mockPage }),
}));

let cluster: FakeCluster;
let mesh: Mesh;
/** The status of an answer, in whose container which service is asked. */
let answer: (from: string, to: string) => number | undefined;
let commands: (readonly string[])[];

beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["setTimeout", "setInterval", "setImmediate", "nextTick", "performance"] });
    mockPage = 200;
    answer = (from, to) => (callerOf(to as "reviews") === from ? 200 : 403);
    commands = [];
    cluster = new FakeCluster();
    cluster.objects = BOOKINFO_NAMES.map((app) =>
        pod("default", `${app}-v1-a-b`, { app }, { [app]: true, "istio-proxy": true }),
    );
    cluster.run = ({ container }, command) => {
        commands.push(command);
        const [, , , , ...services] = command;
        // As bash reads it from the connection, in the order in which answers come.
        const lines = [...services].reverse().map((service) => {
            const status = answer(container, service);
            return status === undefined ? `${service}\n` : `${service} HTTP/1.1 ${status} Some Reason\r\n`;
        });
        return lines.join("");
    };
    mesh = {
        api: cluster.api,
        appNamespace: "default",
        drainSeconds: 45,
        traffic: {},
        security: { leastPrivilege: true },
        commands: { redeploy: "again" },
    } as unknown as Mesh;
});
afterEach(() => {
    jest.useRealTimers();
});

it("is about stacks that say who may call whom alone", () => {
    expect(limitsCallers(mesh)).toBe(true);
    expect(limitsCallers({ ...mesh, security: {} })).toBe(false);
    expect(limitsCallers({ ...mesh, security: undefined })).toBe(false);
});

it("asks every service in a pod of every service, and the page at the gateway", async () => {
    expect(await checkAccess(mesh)).toEqual(ok("17 pairs of caller and service: 4 are let in, 13 get 403"));
    expect(commands).toHaveLength(4);
    expect(commands[0]?.slice(0, 2)).toEqual(["sh", "-c"]);
    expect(commands[0]?.slice(4)).toEqual(BOOKINFO_NAMES);
});

it("names who is let in and should not be, and the other way round", async () => {
    const right = answer;
    answer = (from, to) => (from === "reviews" ? 200 : right(from, to));
    expect(await checkAccess(mesh)).toEqual(
        failed(
            "reviews may call productpage (200, not 403); reviews may call details (200, not 403); " +
                "reviews may call reviews (200, not 403)",
            "again",
        ),
    );
    answer = () => 403;
    mockPage = 403;
    expect((await checkAccess(mesh)).found).toBe(
        "gateway may not call productpage (403); productpage may not call details (403); " +
            "productpage may not call reviews (403); reviews may not call ratings (403)",
    );
});

it("gives connections that were open the time to follow a change", async () => {
    const right = answer;
    let answers = 0;
    answer = (from, to) => ((answers += 1) <= 32 ? 200 : right(from, to));
    expect((await checkAccess(mesh)).status).toBe("ok");
});

it("takes a limit's answer for let in, and knows nothing from that of a proxy, or without one", async () => {
    const right = answer;
    answer = (from, to) => (to !== "ratings" ? right(from, to) : { reviews: 429, details: 503 }[from]);
    expect(await checkAccess(mesh)).toEqual(
        ok(
            "14 pairs of caller and service: 4 are let in, 10 get 403; not seen: productpage → ratings: no answer; " +
                "details → ratings: 503; ratings → ratings: no answer",
        ),
    );
});

it("does not ask for what the config aborts, because the caller's proxy answers it", async () => {
    mesh.traffic = {
        ratings: { abort: { status: 403, percent: 50 } },
        details: { abort: { status: 500, percent: 1, users: ["ann"] } },
    };
    expect(await checkAccess(mesh)).toEqual(ok("13 pairs of caller and service: 3 are let in, 10 get 403"));
    expect(commands[0]).not.toContain("ratings");
});

it("asks with what Bookinfo's images have", async () => {
    const server = createServer((request, response) => {
        response.writeHead(request.url === "/health" && request.headers.host === `localhost:${port}` ? 200 : 403).end();
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as AddressInfo;
    const [shell = "", ...rest] = askCommand(["127.0.0.1", "localhost", "no-such-host.invalid"], port);
    const output = await outputOf(shell, rest);
    server.close();
    const statuses = ["127.0.0.1", "localhost", "no-such-host.invalid"].map((host) => statusIn(output, host));
    expect(statuses).toEqual([403, 200, undefined]);
});

it("says why it sees nothing from here: no permission, no shell, no pod, or no token", async () => {
    cluster.run = () => new UserError('sh in default/details-v1-a-b: exec: "sh": executable file not found in $PATH');
    cluster.remove("Pod", "ratings-v1-a-b");
    const noToken = "the page asks for tokens";
    mesh.access = { headers: {}, expected: { 403: noToken } };
    mockPage = 403;
    const shell = 'sh in default/details-v1-a-b: exec: "sh": executable file not found in $PATH';
    expect(await checkAccess(mesh)).toEqual({
        status: "off",
        found: `not seen from here: ${noToken}; ${shell}; no pod of ratings is ready`,
    });
});

it("ends if the user stops it", async () => {
    cluster.run = () => new Stopped();
    await expect(checkAccess(mesh)).rejects.toThrow(Stopped);
});
