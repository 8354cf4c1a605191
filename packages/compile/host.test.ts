import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import {
    GetRootResourceResponse,
    type LogRequest,
    LogSeverity,
    SetRootResourceResponse,
} from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
    type RegisterResourceRequest,
    RegisterResourceResponse,
    SupportsFeatureResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { once } from "../../tests/unit/once";

/* Tests of programs in the SDK's own host, started as by the engine. */

// The SDK and a build start slowly on a busy machine.
jest.setTimeout(30_000);

const CLONE = path.resolve(__dirname, "../..");

/** An engine that accepts everything, and notes what a program registers, and which errors it logs. */
class FakeEngine {
    readonly registered: RegisterResourceRequest[] = [];
    readonly errors: string[] = [];
    private readonly server = new grpc.Server();

    async start(): Promise<string> {
        const answer = <Q, A>(answerTo: (request: Q) => A): grpc.handleUnaryCall<Q, A> => {
            return ({ request }, respond) => {
                respond(null, answerTo(request));
            };
        };
        this.server.addService(ResourceMonitorService, {
            supportsFeature: answer(() => new SupportsFeatureResponse()),
            registerResource: answer((request: RegisterResourceRequest) => {
                this.registered.push(request);
                const response = new RegisterResourceResponse();
                response.setUrn(`urn:pulumi:test::project::${request.getType()}::${request.getName()}`);
                return response;
            }),
            registerResourceOutputs: answer(() => new Empty()),
            signalAndWaitForShutdown: answer(() => new Empty()),
        });
        this.server.addService(EngineService, {
            log: answer((request: LogRequest) => {
                if (request.getSeverity() === LogSeverity.ERROR) {
                    this.errors.push(request.getMessage());
                }
                return new Empty();
            }),
            getRootResource: answer(() => new GetRootResourceResponse()),
            setRootResource: answer(() => new SetRootResourceResponse()),
        });
        return new Promise((resolve, reject) => {
            this.server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
                if (error) {
                    reject(error);
                } else {
                    resolve(`127.0.0.1:${port}`);
                }
            });
        });
    }

    stop(): void {
        this.server.forceShutdown();
    }
}

/** A program with a statement for each way to end, one a line, so that one build is enough. */
const SOURCE = `import * as pulumi from "@pulumi/pulumi";
interface Erased {
    unused: string;
}
const kind: string = "a:b:C";
const unneeded = /node_modules.(typescript|source-map-support|@npmcli)|ts-node|.automation./;
const loaded = () => Object.keys(require.cache).filter((file) => unneeded.test(file));
const endings: Record<string, () => void> = {
    "well": () => {
        new pulumi.ComponentResource(kind, "one");
        const before = loaded();
        pulumi.runtime.serializeFunction(() => 42).then(({ text }) => {
            console.log(JSON.stringify([before, loaded().some((file) => file.includes("typescript")), text]));
        });
    },
    "at once": () => { throw new TypeError("wrong"); },
    "in an output": () => { pulumi.output(1).apply(() => { throw new TypeError("wrong"); }); },
    "in a callback": () => { setTimeout(() => { throw new TypeError("wrong"); }); },
};
endings[process.env.ENDING ?? ""]();
`;
const lineOf = (ending: string) => SOURCE.split("\n").findIndex((line) => line.includes(`"${ending}":`)) + 1;

/** The folder of the program. It is in the clone, because builds are of files of the clone. */
let folder: string;
beforeAll(() => {
    mkdirSync(path.join(CLONE, "coverage"), { recursive: true });
    folder = mkdtempSync(path.join(CLONE, "coverage", "program-"));
    writeFileSync(path.join(folder, "package.json"), '{ "main": "index.ts" }');
    writeFileSync(path.join(folder, "index.ts"), SOURCE);
});
afterAll(() => {
    rmSync(folder, { recursive: true });
});

async function run(ending: string) {
    const engine = new FakeEngine();
    try {
        const address = await engine.start();
        const host = ["--require", "./packages/compile/host.js", require.resolve("@pulumi/pulumi/cmd/run")];
        const options = ["--monitor", address, "--engine", address, "--project", "project", "--stack", "test"];
        const child = spawn(process.execPath, [...host, ...options, "--pwd", folder, "."], {
            cwd: CLONE,
            env: { ...process.env, NODE_OPTIONS: "", ENDING: ending },
        });
        const ended = new Promise<number>((resolve) => child.on("close", resolve));
        const [code, output, errorOutput] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
        const message = stripVTControlCharacters(engine.errors.join("\n")).replaceAll(`${folder}/`, "");
        return { code, output: output + errorOutput, registered: engine.registered, message };
    } finally {
        engine.stop();
    }
}

describe("Pulumi's host", () => {
    const well = once(() => run("well"));

    it("runs TypeScript, and registers no paths of this machine", async () => {
        const { code, registered } = await well();
        expect(code).toBe(0);
        const resources = registered.map((request) => [request.getType(), request.getName()]);
        expect(resources).toEqual([
            ["pulumi:pulumi:Stack", "project-test"],
            ["a:b:C", "one"],
        ]);
        expect(JSON.stringify(registered.map((request) => request.toObject()))).not.toContain("index.ts");
    });

    it("loads neither a compiler nor source maps until a function is turned into text", async () => {
        const { output } = await well();
        expect(JSON.parse(output)).toEqual([[], true, expect.stringContaining("return () => 42") as string]);
    });

    it.each(["at once", "in an output", "in a callback"])(
        "names the line of the source if a program fails %s",
        async (ending) => {
            const { code, message } = await run(ending);
            expect(code).not.toBe(0);
            // The SDK adds a heading, but not if a callback runs after the program has ended.
            expect(message).toMatch(new RegExp(`TypeError: wrong\n.*\\bindex\\.ts:${lineOf(ending)}:\\d+`));
        },
    );

    it("shows the source if it is no TypeScript", async () => {
        writeFileSync(path.join(folder, "index.ts"), "const one: = 1;\n");
        const { code, message } = await run("well");
        expect(code).not.toBe(0);
        expect(message).toContain("index.ts:1:11");
        expect(message).toContain("const one: = 1;");
    });
});
