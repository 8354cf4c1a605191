import type { KubeConfig } from "@kubernetes/client-node";
import { Stopped } from "../shared/errors";
import { ApiError } from "./apiError";
import type * as Client from "./client";
import { runIn } from "./exec";
import { FakeApiServer } from "./testing/fakeApiServer";

// Without the rest of the library, which takes long to load.
jest.mock("./client", () => jest.requireActual<typeof Client>("@kubernetes/client-node/dist/exec.js"));

let server: FakeApiServer;
let run: (stop?: AbortSignal) => Promise<string>;

beforeEach(async () => {
    server = await FakeApiServer.start(() => ({ text: Buffer.of() }));
    const [{ cluster }] = (JSON.parse(server.kubeconfig) as { clusters: [{ cluster: object }] }).clusters;
    const config = { getCurrentCluster: () => cluster, applyToHTTPSOptions: () => Promise.resolve() };
    const container = { namespace: "default", name: "ratings-v1-a-b", container: "ratings" };
    run = (stop) => runIn(config as unknown as KubeConfig, container, ["sh", "-c", "echo $1", "sh", "ä b"], stop);
});
afterEach(() => {
    server.stop();
});

it("gives a command's output, whose parts may come at any place", async () => {
    const asked: unknown[] = [];
    server.run = (...given) => {
        asked.push(given);
        return { output: "ä b\n", ending: { status: "Success" } };
    };
    expect(await run()).toBe("ä b\n");
    expect(asked).toEqual([["default/pods/ratings-v1-a-b/ratings", ["sh", "-c", "echo $1", "sh", "ä b"]]]);
});

it("says why a command has failed, or is not in the container", async () => {
    // As a kubelet with containerd says it.
    const message = 'exec: "sh": executable file not found in $PATH';
    server.run = () => ({ output: "", ending: { status: "Failure", reason: "InternalError", message } });
    await expect(run()).rejects.toThrow(`sh in default/ratings-v1-a-b: ${message}`);
});

it("tells what the user may not do from a connection that ends", async () => {
    const failure = () => run().catch((error: unknown) => error as ApiError);
    expect(await failure()).toMatchObject({
        status: 403,
        message: expect.stringContaining("cannot be reached") as string,
    });
    server.run = () => ({ output: "half" });
    const ended = await failure();
    expect(ended).toBeInstanceOf(ApiError);
    expect(ended).toMatchObject({ status: 0, message: expect.stringContaining("the connection has ended") as string });
});

it("ends if the user stops it", async () => {
    const stop = new AbortController();
    server.run = () => {
        setTimeout(() => {
            stop.abort();
        }, 10);
        return { output: "", ending: "never" };
    };
    await expect(run(stop.signal)).rejects.toThrow(Stopped);
});
