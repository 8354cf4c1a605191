import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { live } from "../../packages/sandbox/paths";
import type { ServiceName } from "../../packages/sandbox/serviceNames";
import { jaegerVersion, nodeVersion, prometheusVersion } from "../../packages/sandbox/settings";
import { clone, coldStart, kubectl, npmRun, poll, runCommand, runOnSandbox } from "./commands";

/* The sandbox itself: how it handles its users and accidents, and what it leaves behind. */

interface Status {
    state: string;
    parts: Record<string, { state: string; pid?: number } | undefined>;
}

const status = async () => JSON.parse((await npmRun("sandbox", "status", "--json")).stdout) as Status;
const upIsReady = { code: 0, output: expect.stringMatching(/is ready|is up/) as string };

/** Whether a file is newer than a time in milliseconds, and has a text. */
function isWritten(file: string, since: number, text = ""): boolean {
    try {
        return fs.statSync(file).mtimeMs > since && fs.readFileSync(file, "utf8").includes(text);
    } catch {
        return false; // there is no such file
    }
}

const isStarted = (service: ServiceName, since: number) =>
    isWritten(path.join(live.services, `${service}.json`), since);

/** Moments of a start, in their order: whether a start that began at a time (in milliseconds) has come so far. */
const MOMENTS = {
    "the namespaces exist": (begun: number) => isWritten(live.owner, begun, '"init"'),
    "the API server answers": (begun: number) => isStarted("kube-scheduler", begun),
    "containerd answers": (begun: number) => isStarted("kubelet", begun),
    "the node has registered": async (begun: number) =>
        isStarted("kubelet", begun) && (await runOnSandbox("kubectl", "get", "node", "sandbox")).code === 0,
};

/**
 * Starts the program of `npm run sandbox -- up` without npm, so that signals reach the program itself. At a moment of the start, it
 * sends the signal.
 * @returns the exit code and the signal that ended the program
 */
async function interruptUp(moment: keyof typeof MOMENTS, signal: "SIGKILL" | "SIGINT"): Promise<unknown> {
    const begun = Date.now();
    const child = spawn(process.execPath, ["packages/compile/run.js", "packages/sandbox/cli.ts", "up"], { cwd: clone });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const ended = once(child, "exit");
    await poll(() => child.exitCode !== null || MOMENTS[moment](begun), Boolean, { interval: 50 });
    expect([child.exitCode, child.exitCode === null ? "" : output]).toEqual([null, ""]);
    child.kill(signal);
    return ended;
}

/** Everything on the machine that a sandbox could leave behind. */
async function traces() {
    const lines = async (command: string, args: string[]) => (await runCommand(command, args)).stdout.split("\n");
    const mine = (line: string) => /bookinfo-mesh|198\.51\.100/.test(line);
    const groups = fs
        .readdirSync("/sys/fs/cgroup")
        .map((hierarchy) => path.join("/sys/fs/cgroup", hierarchy, "bookinfo-mesh"));
    return {
        mounts: (await lines("cat", ["/proc/mounts"])).filter(mine),
        interfaces: (await lines("ip", ["-brief", "address"])).filter(mine),
        routes: (await lines("ip", ["route"])).filter(mine),
        processes: (await lines("pgrep", ["-l", "-x", "etcd|kube-.*|kubelet|containerd.*|coredns|envoy|pause"])).filter(
            Boolean,
        ),
        files: ["/run/bookinfo-mesh", "/run/containerd", "/var/lib/cni", ...groups].filter((file) =>
            fs.existsSync(file),
        ),
        settings: ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"].map((name) =>
            fs.readFileSync(`/proc/sys/${name}`, "utf8").trim(),
        ),
    };
}

let before: Awaited<ReturnType<typeof traces>>;

beforeAll(async () => {
    // This fails if the sandbox belongs to another clone, so that the tests do not touch that one.
    expect(await npmRun("sandbox", "down")).toMatchObject({ code: 0 });
    before = await traces();
}, 60_000);

afterAll(async () => {
    await npmRun("sandbox", "down");
}, 60_000);

describe("npm run sandbox", () => {
    const expectKilled = async (moment: keyof typeof MOMENTS) => {
        expect(await interruptUp(moment, "SIGKILL")).toEqual([null, "SIGKILL"]);
        expect((await status()).state).toBe("broken");
    };

    it("up is killed when the namespaces exist", () => expectKilled("the namespaces exist"), coldStart);

    it(
        "up cleans up after that, and is killed when the API server answers",
        () => expectKilled("the API server answers"),
        60_000,
    );

    it("up cleans up after that too, and leaves nothing if Ctrl-C interrupts it when containerd answers", async () => {
        expect(await interruptUp("containerd answers", "SIGINT")).toEqual([130, null]);
        expect(await traces()).toEqual(before);
    }, 60_000);

    it("up is killed when containerd answers", () => expectKilled("containerd answers"), 60_000);

    it(
        "up cleans up after that, and is killed when the node has registered",
        () => expectKilled("the node has registered"),
        60_000,
    );

    it(
        "up cleans up after that too, starts a node, and says which images are stand-ins and which are absent",
        async () => {
            const up = await npmRun("sandbox", "up");
            expect(up).toMatchObject(upIsReady);
            expect(up.output).toMatch(/pulled|STAND-INS of this project: .*examples-bookinfo-productpage/);
            expect(up.output).toMatch(/pulled|absent, because they can only be pulled: grafana/);
            expect((await status()).state).toBe("up");
            expect(await kubectl("get", "nodes", "--no-headers")).toMatch(/^sandbox\s+Ready\s/);
        },
        coldStart,
    );

    it("a second up does nothing", async () => {
        const earlier = await status();
        expect(await npmRun("sandbox", "up")).toMatchObject(upIsReady);
        expect(await status()).toEqual(earlier);
    }, 60_000);

    it("has images whose programs have the versions of their tags", async () => {
        const images = [
            ["prometheus", `docker.io/prom/prometheus:v${prometheusVersion}`, ["--version"], prometheusVersion],
            ["jaeger", `docker.io/jaegertracing/jaeger:${jaegerVersion}`, ["version"], jaegerVersion],
            ["node", `docker.io/library/node:${nodeVersion}-bookworm-slim`, ["node", "--version"], nodeVersion],
        ] as const;
        for (const [name, image, args] of images) {
            await kubectl("run", name, "--image", image, "--restart=Never", "--", ...args);
        }
        const pods = images.map(([name]) => `pod/${name}`);
        await kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", ...pods, "--timeout=60s");
        for (const [name, , , version] of images) {
            expect(await kubectl("logs", name)).toContain(version);
        }
        await kubectl("delete", ...pods, "--now");
    }, 120_000);

    it.each([
        ["sandbox:coredns", "list", "endpointslices", "yes"],
        ["sandbox:coredns", "get", "secrets", "no"],
        ["sandbox:load-balancer", "patch", "services/status", "yes"],
        ["sandbox:load-balancer", "patch", "services", "no"],
        ["sandbox:load-balancer", "get", "secrets", "no"],
    ])("may %s %s %s? %s", async (user, verb, resource, answer) => {
        const [type = "", subresource = ""] = resource.split("/");
        const question = ["auth", "can-i", verb, type, "--subresource", subresource, "--all-namespaces", "--as", user];
        // Not with the function kubectl, because the answer "no" has exit code 1.
        const asked = await runOnSandbox("kubectl", ...question);
        expect(asked.stdout.trim()).toBe(answer);
    });

    it("accepts a pod that can take the machine only in a namespace that says so", async () => {
        const specs = [
            { hostNetwork: true },
            { volumes: [{ name: "machine", hostPath: { path: "/" } }] },
            { containers: [{ name: "pod", image: "a", securityContext: { privileged: true } }] },
            { containers: [{ name: "pod", image: "a", securityContext: { capabilities: { add: ["NET_ADMIN"] } } }] },
        ];
        const answers = async (namespace: string, spec: object) => {
            const inNamespace = ["--namespace", namespace, "--overrides", JSON.stringify({ spec }), "--dry-run=server"];
            return (await runOnSandbox("kubectl", "run", "pod", "--image=a", ...inNamespace)).output;
        };
        for (const spec of specs) {
            expect(await answers("kube-public", spec)).toContain('violates PodSecurity "baseline:latest"');
            expect(await answers("default", spec)).toContain("pod/pod created (server dry run)");
        }
        expect(await answers("kube-public", {})).toContain("pod/pod created (server dry run)");
    }, 60_000);

    it("refuses a second clone on the same machine, and keeps the first one's sandbox", async () => {
        const other = fs.mkdtempSync(path.join(os.tmpdir(), "second-clone-"));
        try {
            for (const file of ["packages/compile", "packages/sandbox", "packages/shared", "package.json"]) {
                fs.cpSync(path.join(clone, file), path.join(other, file), { recursive: true });
            }
            fs.symlinkSync(path.join(clone, "node_modules"), path.join(other, "node_modules"));
            for (const command of ["up", "down"]) {
                // Not by npm: the linked node_modules would lead it back to this clone.
                const run = path.join(other, "packages/compile/run.js");
                const program = path.join(other, "packages/sandbox/cli.ts");
                const refused = await runCommand(process.execPath, [run, program, command]);
                expect(refused).toMatchObject({ code: 1, output: expect.stringContaining(clone) as string });
            }
            expect((await status()).state).toBe("up");
        } finally {
            fs.rmSync(other, { recursive: true });
        }
    }, 60_000);

    // Two times, so that each service dies at least once without one of those that it works with.
    it.each([[["etcd", "kubelet", "load-balancer"]], [["kube-apiserver", "containerd"]]])(
        "reports that %j died, with the ends of their logs, and starts them again",
        async (dead) => {
            const { parts } = await status();
            for (const part of dead) {
                process.kill(parts[part]?.pid ?? 0, "SIGKILL");
            }
            await sleep(500);
            const report = await npmRun("sandbox", "status");
            const up = await npmRun("sandbox", "up");
            expect([report.code, up.code]).toEqual([1, 0]);
            for (const part of dead) {
                expect(report.output).toMatch(new RegExp(`dead\\s+${part}; the last lines`));
                expect(up.output).toContain(`Start ${part} again`);
            }
            expect((await status()).state).toBe("up");
            await kubectl("wait", "--for=condition=Ready", "node/sandbox", "--timeout=60s");
        },
        120_000,
    );

    it("logs and kubectl reach the services; the error for an unknown service lists the known ones", async () => {
        expect(await npmRun("sandbox", "logs", "kubelet", "-n", "1")).toMatchObject({ code: 0 });
        expect((await npmRun("sandbox", "kubectl", "get", "--raw", "/readyz")).stdout).toBe("ok");
        const unknown = await npmRun("sandbox", "logs", "kublet");
        expect(unknown).toMatchObject({
            code: 1,
            output: expect.stringMatching(/"kublet".*etcd, kube-apiserver/) as string,
        });
    }, 60_000);

    it("down leaves no process, mount, interface, route, file or setting", async () => {
        expect(await npmRun("sandbox", "down")).toMatchObject({ code: 0 });
        expect(await traces()).toEqual(before);
        expect((await status()).state).toBe("down");
        expect(await npmRun("sandbox", "down")).toMatchObject({ code: 0 });
    }, 60_000);
});
