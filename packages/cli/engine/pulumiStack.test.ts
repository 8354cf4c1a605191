import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PulumiStack } from "./pulumiStack";
import { UserError } from "../../shared/errors";
import type * as Project from "../../shared/project";
import { STATE_FOLDER } from "../../shared/project";

// The stacks' folder of this clone is not touched.
jest.mock("../../shared/project", (): typeof Project => ({
    ...jest.requireActual<typeof Project>("../../shared/project"),
    STATE_FOLDER: path.join(tmpdir(), `bookinfo-mesh-state-${process.pid}`),
}));

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
    mkdirSync(path.join(STATE_FOLDER, "workspace"), { recursive: true });
});
afterEach(() => {
    rmSync(folder, { recursive: true });
    rmSync(STATE_FOLDER, { recursive: true });
});

/** A stack handled by a CLI that runs a line of shell, with its arguments. */
function stackBy(line: string): PulumiStack {
    const cli = path.join(folder, "pulumi");
    writeFileSync(cli, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return new PulumiStack({ cli, version: "v3" }, "mine", "file:///nowhere");
}

describe("an up by the engine", () => {
    it("gives an error whose cause is the engine's errors, and removes the event log", async () => {
        const event = JSON.stringify({ diagnosticEvent: { severity: "error", message: "exceeded quota: tiny" } });
        // The log is the last argument; without the variable, the CLI does not know that option.
        const stack = stackBy(
            `for log; do :; done; test "$PULUMI_DEBUG_COMMANDS" && echo '${event}' > "$log"; exit 255`,
        );
        const error = await stack.up({}).catch((reason: unknown) => reason);
        expect(error).toEqual(new UserError('Pulumi could not deploy stack "mine" (see above)'));
        expect((error as UserError).cause).toBe("exceeded quota: tiny");
        expect(existsSync(path.join(STATE_FOLDER, "workspace", "mine.events"))).toBe(false);
    });

    it("gives an error whose cause is the CLI's message if the engine does not begin", async () => {
        const said: string[] = [];
        jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
        const stack = stackBy("printf '\\033[31merror: \\033[0mthe stack is currently locked\\n' >&2; exit 255");
        const error = await stack.up({}).catch((reason: unknown) => reason);
        expect((error as UserError).cause).toBe("the stack is currently locked");
        expect(said.join("")).toContain("the stack is currently locked");
        jest.restoreAllMocks();
    });

    it("gives no error if the engine succeeds", async () => {
        await expect(stackBy("exit 0").up({})).resolves.toBeUndefined();
    });
});

describe("an up during which a webhook cannot be reached", () => {
    const refused = 'Internal error occurred: failed calling webhook "validation.istio.io": connection refused';
    const failing = (message: string, times: number) => {
        const event = JSON.stringify({ diagnosticEvent: { severity: "error", message } });
        const runs = path.join(folder, "runs");
        const fail = `for log; do :; done; echo '${event}' > "$log"; exit 255`;
        const stack = stackBy(`echo run >> ${runs}; if [ $(wc -l < ${runs}) -le ${times} ]; then ${fail}; fi`);
        return { stack, runs: () => readFileSync(runs, "utf8").trim().split("\n").length };
    };
    beforeEach(() => {
        jest.spyOn(console, "log").mockImplementation();
    });
    afterEach(() => {
        jest.restoreAllMocks();
    });

    it("runs a second time, because the engine continues where it stopped", async () => {
        const { stack, runs } = failing(refused, 1);
        await stack.up({});
        expect(runs()).toBe(2);
    });

    it("runs at most twice, and only once after any other error", async () => {
        const always = failing(refused, 9);
        await expect(always.stack.up({})).rejects.toThrow(UserError);
        expect(always.runs()).toBe(2);
        const other = failing("exceeded quota", 9);
        await expect(other.stack.up({})).rejects.toThrow(UserError);
        expect(other.runs() - 2).toBe(1);
    });
});

describe("a stack's state", () => {
    it("is what the engine exports", async () => {
        const state = { deployment: { resources: [{ urn: "urn:pulumi:mine::x::y::z", type: "y" }] } };
        expect(await stackBy(`echo '${JSON.stringify(state)}'`).findState()).toEqual(state);
    });

    it("is undefined if there is no such stack", async () => {
        expect(await stackBy("echo \"error: no stack named 'mine' found\" >&2; exit 1").findState()).toBeUndefined();
    });

    it("gives an error if the engine cannot read it", async () => {
        await expect(stackBy("echo 'error: no such bucket' >&2; exit 1").findState()).rejects.toThrow(
            'the state of stack "mine" cannot be read: no such bucket',
        );
    });
});

describe("an engine that is killed", () => {
    it("is reported as killed, without its earlier messages", async () => {
        await expect(stackBy("kill -9 $$").up({})).rejects.toThrow("Pulumi's engine was killed; run the command again");
    });

    it("may leave its config file incomplete or empty", async () => {
        const file = path.join(STATE_FOLDER, "workspace", "Pulumi.mine.yaml");
        for (const half of ["", "config: {", "encryptionsalt"]) {
            writeFileSync(file, half);
            await expect(
                stackBy("echo {}").prepare({
                    file: undefined,
                    overrides: { cluster: { kind: "kubeconfig", path: "/k", context: "c" } },
                }),
            ).resolves.toEqual({});
            expect(readFileSync(file, "utf8")).toContain("context: c");
        }
    });
});

describe("a kubeconfig that has changed since the last up", () => {
    const kubeconfig = "current-context: here\n";
    const urn = "urn:pulumi:mine::bookinfo-mesh::pulumi:providers:kubernetes::cluster";
    const leftovers = "urn:pulumi:mine::bookinfo-mesh::bookinfo-mesh:istio:Leftovers::istio-leftovers";
    const asking = (known: string) => {
        const inputs = { kubeconfig: { plaintext: JSON.stringify(known) } };
        const resources = [
            { urn, type: "pulumi:providers:kubernetes", inputs },
            { urn: "urn:other", type: "kubernetes:core/v1:Service", inputs: {} },
            { urn: leftovers, type: "bookinfo-mesh:istio:Leftovers", inputs },
        ];
        const state = { deployment: { resources } };
        const asked = path.join(folder, "asked");
        const cli = path.join(folder, "pulumi");
        writeFileSync(path.join(folder, "state"), JSON.stringify(state));
        const script = `echo "$*" >> ${asked}; case "$1 $2" in "stack export") cat ${folder}/state;; esac`;
        writeFileSync(cli, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        const stack = new PulumiStack({ cli, version: "v3" }, "mine", "file:///nowhere", kubeconfig);
        return { stack, asked: () => readFileSync(asked, "utf8").trim().split("\n") };
    };
    beforeEach(() => {
        jest.spyOn(console, "log").mockImplementation();
    });
    afterEach(() => {
        jest.restoreAllMocks();
    });

    it.each(["refresh", "destroy"] as const)("is written to the state before %s uses the state", async (operation) => {
        const { stack, asked } = asking("another");
        await stack[operation]();
        const commands = asked().map((line) => line.split(" ")[0]);
        expect(commands).toEqual(["stack", "up", operation]);
        expect(asked()[1]).toContain(` --target ${urn} --target ${leftovers} `);
    });

    it("is not written if it is the same", async () => {
        const { stack, asked } = asking(kubeconfig);
        await stack.refresh();
        expect(asked().map((line) => line.split(" ")[0])).toEqual(["stack", "refresh"]);
    });
});

it("a suggested command has the CLI's path if the CLI is not on PATH", () => {
    const by = (cli: string) => new PulumiStack({ cli, version: "v3" }, "mine", "s3://a").forgetCommand();
    expect(by("/opt/pulumi/versions/1 2/bin/pulumi")).toMatch(
        / '\/opt\/pulumi\/versions\/1 2\/bin\/pulumi' stack rm mine/,
    );
    const [onPath = ""] = (process.env.PATH ?? "").split(path.delimiter);
    expect(by(path.join(onPath, "pulumi"))).toBe("PULUMI_BACKEND_URL=s3://a pulumi stack rm mine --force");
});

it("a suggested command quotes any backend address for the shell", () => {
    const [onPath = ""] = (process.env.PATH ?? "").split(path.delimiter);
    const cli = path.join(onPath, "pulumi");
    const stack = (backend: string) => new PulumiStack({ cli, version: "v3" }, "mine", backend);
    expect(stack("gs://states").cancelCommand()).toBe("PULUMI_BACKEND_URL=gs://states pulumi cancel mine");
    const bucket = "s3://states?region=a&s3ForcePathStyle=true";
    expect(stack(bucket).cancelCommand()).toBe(`PULUMI_BACKEND_URL='${bucket}' pulumi cancel mine`);
    expect(stack(bucket).shellCommands()[0]).toBe(`export PULUMI_BACKEND_URL='${bucket}'`);
});
