import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    statSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import os, { homedir, hostname, tmpdir } from "node:os";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "../../kubernetes/object";
import { waitUntil } from "../../kubernetes/wait";
import { type StackFiles, stackFiles } from "./backendFolder";
import { snapshotOf } from "./snapshot";
import { abandonedAmong, type Lock, readLocks, refuseHeld, removeUnfinishedLocks, whileLocked } from "./lock";
import { isOwn, lostManagers } from "./ownership";
import { endOrphans } from "./process";
import { noteStarted, owns, type StartedProcess, startedProcesses, thisPlace } from "./startedProcesses";
import { processId } from "../../shared/processId";
import { decode, encode } from "../../kubernetes/releases";

import { damageOf } from "./stateFile";

const lock = (overrides: Partial<Lock> = {}): Lock => ({
    file: "/locks/a.json",
    pid: process.pid,
    username: "ann",
    hostname: hostname(),
    timestamp: new Date(),
    ...overrides,
});

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
    const child = spawn("true");
    await once(child, "exit");
    return child.pid ?? 0;
}

describe("a lock", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"))));
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });
    const writeLock = (name: string, content: Lock) => {
        writeFileSync(path.join(folder, name), JSON.stringify(content));
    };

    it("is found in the engine's folder", () => {
        const below = ".pulumi/locks/organization/bookinfo-mesh/local";
        expect(stackFiles("file:///a%20b/c", "local")?.locks).toBe(`/a b/c/${below}`);
        expect(stackFiles("file:///a?no_tmp_dir=true", "local")?.locks).toBe(`/a/${below}`);
        expect(stackFiles("file://~", "local")?.locks).toBe(path.join(homedir(), below));
        expect(stackFiles("s3://bucket", "local")).toBeUndefined();
        expect(stackFiles("https://api.pulumi.com", "local")).toBeUndefined();
    });

    /** What is known of a process that this clone has started, as if it had started just before the lock. */
    const started = (pid: number, overrides: Partial<StartedProcess> = {}): StartedProcess => ({
        ...processId(pid),
        ...thisPlace(),
        hostname: hostname(),
        noted: new Date(),
        ...overrides,
    });
    const isAbandoned = (pid: number, ...notes: StartedProcess[]) =>
        abandonedAmong([lock({ pid })], notes).length === 1;

    it("is held by a living process", () => {
        expect(isAbandoned(process.pid, started(process.pid))).toBe(false);
    });

    it("is abandoned by a dead process that this clone has started, and by no other", async () => {
        const pid = await deadPid();
        expect(isAbandoned(pid, started(pid))).toBe(true);
        expect(isAbandoned(pid)).toBe(false);
        expect(isAbandoned(pid, started(pid + 1))).toBe(false);
    });

    it("is abandoned by a zombie process", async () => {
        // The shell becomes `sleep`, which does not wait for its children. Its child ends with its input.
        const parent = spawn("sh", ["-c", "cat <&3 & echo $!; exec sleep 30"], {
            stdio: ["ignore", "pipe", "ignore", "pipe"],
        });
        try {
            const [, output, , input] = parent.stdio;
            const [text] = (await once(output as Readable, "data")) as [Buffer];
            const pid = Number(text.toString());
            const note = started(pid);
            expect(isAbandoned(pid, note)).toBe(false);
            (input as Writable).end();
            await waitUntil("its end", { timeout: 10 }, () =>
                Promise.resolve(isAbandoned(pid, note) ? undefined : "runs on"),
            );
        } finally {
            parent.kill();
        }
    });

    it("is abandoned if another process now has its process id", () => {
        expect(isAbandoned(process.pid, started(process.pid, { startTime: "1" }))).toBe(true);
    });

    it("of another container with the same host name is never abandoned, nor one that may be another's", async () => {
        const pid = await deadPid();
        const note = started(pid);
        expect(isAbandoned(pid, { ...note, namespace: "pid:[4026532001]" })).toBe(false);
        expect(abandonedAmong([lock({ pid, hostname: "elsewhere" })], [note])).toEqual([]);
        // A later engine of the other container can have the same process id.
        const later = lock({ pid, timestamp: new Date(Date.now() + 120_000) });
        expect(abandonedAmong([later], [note])).toEqual([]);
        expect(abandonedAmong([lock({ pid }), lock({ pid, file: "/locks/b.json" })], [note])).toEqual([]);
    });

    it("is abandoned by a restart of the machine, which a container cannot tell from another machine", () => {
        const machine = { boot: "now", namespace: "pid:[4026531836]" };
        const before = started(process.pid, { ...machine, boot: "before" });
        const locks = [lock()];
        expect(abandonedAmong(locks, [before], machine)).toEqual(locks);
        expect(abandonedAmong(locks, [before], { ...machine, namespace: "pid:[1]" })).toEqual([]);
        expect(abandonedAmong(locks, [{ ...before, namespace: "pid:[1]" }], machine)).toEqual([]);
    });

    it("is known by the note of the process, until that is forgotten", () => {
        const forget = noteStarted(process.pid, "/locks/a.json", folder);
        const notes = startedProcesses(folder);
        expect(notes).toEqual([expect.objectContaining({ ...processId(process.pid), lock: "/locks/a.json" })]);
        expect(owns(notes[0] as StartedProcess, lock())).toBe(true);
        expect(owns(notes[0] as StartedProcess, lock({ file: "/locks/b.json" }))).toBe(false);
        forget();
        expect(startedProcesses(folder)).toEqual([]);
    });

    it("is refused while it is held, with its owner and the remedy", async () => {
        const held = lock({ timestamp: new Date() });
        expect(() => {
            refuseHeld([held]);
        }).toThrow(new RegExp(`process ${process.pid} of ann@.*, since .*\n.*\n  rm /locks/a.json`));
        const pid = await deadPid();
        const forget = noteStarted(pid);
        expect(() => {
            refuseHeld([lock({ pid })]);
        }).not.toThrow();
        forget();
    });

    it("of a dead process is removed under an own lock, which is removed too", async () => {
        const pid = await deadPid();
        const forget = noteStarted(pid);
        writeLock("dead.json", lock({ pid }));
        const seen = await whileLocked(folder, (abandoned) => {
            expect(readLocks(folder).map(({ pid }) => pid)).toEqual([process.pid]);
            expect(statSync(folder).mode & 0o777).toBe(0o700);
            expect(readdirSync(folder).map((name) => statSync(path.join(folder, name)).mode & 0o777)).toEqual([0o600]);
            return abandoned.length;
        });
        forget();
        expect(seen).toBe(1);
        expect(readdirSync(folder)).toEqual([]);
    });

    it("names the user, or the user's number if the system does not know the name", async () => {
        const owner = () => whileLocked(folder, () => readLocks(folder)[0]?.username);
        expect(await owner()).toBe(os.userInfo().username);
        const unknown = jest.spyOn(os, "userInfo").mockImplementation(() => {
            throw new Error("uv_os_get_passwd returned ENOENT");
        });
        expect(await owner()).toBe(String(process.getuid?.()));
        unknown.mockRestore();
    });

    it("of a living process stays, and refuses others", async () => {
        writeLock("living.json", lock());
        await expect(whileLocked(folder, () => undefined)).rejects.toThrow("somebody else works on this stack");
        expect(readdirSync(folder)).toEqual(["living.json"]);
    });

    it("is removed if it is incomplete, after the time for writing one", async () => {
        const unfinished = path.join(folder, "a.json.18a3.tmp");
        writeFileSync(unfinished, "{");
        const lately = Date.now() / 1000 - 4.8;
        utimesSync(unfinished, lately, lately);
        await removeUnfinishedLocks(folder);
        expect(Date.now() / 1000 - lately).toBeGreaterThanOrEqual(5);
        expect(readdirSync(folder)).toEqual([]);
        await removeUnfinishedLocks(path.join(folder, "nowhere"));
    });

    it("is named if it cannot be read", () => {
        mkdirSync(folder, { recursive: true });
        writeFileSync(path.join(folder, "a.json"), "{");
        expect(() => readLocks(folder)).toThrow(path.join(folder, "a.json"));
        expect(existsSync(folder)).toBe(true);
        expect(readLocks(path.join(folder, "nowhere"))).toEqual([]);
    });
});

describe("a state that was being written", () => {
    let folder: string;
    let files: StackFiles;
    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
        files = {
            layout: path.join(folder, "meta.yaml"),
            state: path.join(folder, "local.json"),
            locks: path.join(folder, "locks"),
        };
        write({ "local.json": "{}", "local.json.attrs": "{}", "other.json.1a.tmp": "{" });
    });
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });
    const write = (files: Record<string, string>) => {
        Object.entries(files).forEach(([name, text]) => {
            writeFileSync(path.join(folder, name), text);
        });
    };
    const repair = () => {
        const damage = damageOf(files);
        damage.forEach(({ repair: repairIt }) => {
            repairIt();
        });
        return damage.length;
    };

    it("needs no repair if it is complete, or does not exist", () => {
        expect(repair()).toBe(0);
        expect(damageOf({ ...files, state: path.join(folder, "nowhere", "local.json") })).toEqual([]);
    });

    it("loses incomplete attributes, and the drafts of its next version", () => {
        write({
            "local.json.attrs": "",
            "local.json.1a.tmp": "{}",
            "local.json.bak.1b.tmp": "{",
            "meta.yaml.attrs": "{",
        });
        expect(repair()).toBe(3);
        expect(readdirSync(folder).sort()).toEqual(["local.json", "other.json.1a.tmp"]);
    });

    it("is restored from its backup, if only the backup is complete", () => {
        write({ "local.json": '{"version"', "local.json.bak": '{"version":3}' });
        expect(repair()).toBe(1);
        expect(readFileSync(files.state, "utf8")).toBe('{"version":3}');
        expect(readdirSync(folder).sort()).toEqual(["local.json", "local.json.bak", "other.json.1a.tmp"]);

        write({ "local.json": "", "local.json.bak": "" });
        expect(repair()).toBe(0);
    });
});

const describeOnLinux = process.platform === "linux" ? describe : describe.skip;

describeOnLinux("a process that a dead engine has left running (in Linux's /proc)", () => {
    let folder: string;
    let started: ChildProcess[];
    beforeEach(() => {
        folder = realpathSync(mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-")));
        started = [];
    });
    afterEach(() => {
        started.forEach((child) => child.stdin?.end());
        rmSync(folder, { recursive: true });
    });
    const freePort = async () => {
        const server = createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        server.close();
        await once(server, "close");
        return port;
    };
    /** A process that looks like a plugin at work for an engine at a port. */
    const startPlugin = async (port: number, { name = "pulumi-resource-x", cwd = folder, parent = "bash" } = {}) => {
        const plugin = `(exec -a ${name} bash -c 'echo ready; read' ${name} 127.0.0.1:${port}); true`;
        const child = spawn("bash", ["-c", `exec -a ${parent} bash -c "$0"`, plugin], { cwd });
        started.push(child);
        await once(child.stdout, "data");
        return child;
    };
    const endsWithin = (child: ChildProcess, time: number) =>
        child.exitCode !== null ||
        Promise.race([once(child, "exit").then(() => true), sleep(time, false, { ref: false })]);

    it("is ended if its engine no longer listens", async () => {
        const plugin = await startPlugin(await freePort());
        expect(await endOrphans(folder)).toBe(1);
        expect(await endsWithin(plugin, 2000)).toBe(true);
    });

    it("is left alone while its engine listens, or its parent is a part of Pulumi", async () => {
        const engine = createServer().listen(0, "127.0.0.1").unref();
        await once(engine, "listening");
        await startPlugin((engine.address() as AddressInfo).port);
        await startPlugin(await freePort(), { parent: "pulumi" });
        expect(await endOrphans(folder)).toBe(0);
    });

    it("is left alone if it works in another folder, or is not a part of Pulumi", async () => {
        await startPlugin(await freePort(), { cwd: tmpdir() });
        await startPlugin(await freePort(), { name: "something-else" });
        expect(await endOrphans(folder)).toBe(0);
    });
});

describe("an interruption", () => {
    const begun = "2026-01-02T03:04:05Z";
    const urn = "urn:pulumi:local::bookinfo-mesh::x::y";
    const stack = { urn, type: "pulumi:pulumi:Stack", created: begun };
    const deployment = (name: string) => ({
        urn,
        type: "kubernetes:apps/v1:Deployment",
        inputs: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "default" } },
    });
    const release = (name: string) => ({
        urn,
        type: "kubernetes:helm.sh/v3:Release",
        inputs: { name, namespace: "istio-system" },
    });
    const patch = {
        urn,
        type: "kubernetes:core/v1:NamespacePatch",
        inputs: { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels: { a: "b" } } },
    };

    it("does not exist without pending operations, or in an empty state", () => {
        expect(snapshotOf({ deployment: { resources: [stack, release("istiod")] } })).toMatchObject({
            pending: [],
            created: { objects: [], releases: [], patches: [] },
            releases: [{ name: "istiod", namespace: "istio-system" }],
        });
        expect(snapshotOf({})).toMatchObject({ pending: [], releases: [] });
    });

    it("is read by kind of operation and of resource", () => {
        const seen = snapshotOf({
            deployment: {
                resources: [stack],
                pending_operations: [
                    { type: "creating", resource: deployment("a") },
                    { type: "creating", resource: release("istiod") },
                    { type: "creating", resource: patch },
                    { type: "creating", resource: { urn, type: "pulumi:providers:kubernetes" } },
                    { type: "updating", resource: deployment("b") },
                    { type: "deleting", resource: deployment("c") },
                    { type: "deleting", resource: release("base") },
                ],
            },
        });
        expect(seen).toMatchObject({
            pending: { length: 7 },
            created: {
                objects: [{ kind: "Deployment", metadata: { name: "a" } }],
                releases: [{ name: "istiod", namespace: "istio-system" }],
                patches: [{ kind: "Namespace", metadata: { name: "default" } }],
            },
            deleted: [{ kind: "Deployment", metadata: { name: "c" } }],
        });
        expect(seen.created.objects).toHaveLength(1);
        expect(seen.deleted).toHaveLength(1);
    });

    it("is of a stack that began at a certain time, unless the state is empty", () => {
        expect(snapshotOf({ deployment: { resources: [stack] } }).begun).toEqual(new Date(begun));
        expect(snapshotOf({}).begun).toBeUndefined();
    });

    it("omits what the state has under the same name", () => {
        const resources = [stack, { ...deployment("a"), id: "default/a" }];
        const pending = [{ type: "creating", resource: deployment("a") }];
        expect(snapshotOf({ deployment: { resources, pending_operations: pending } }).created.objects).toEqual([]);
    });
});

describe("an object of a killed run", () => {
    const begun = new Date("2026-01-02T03:04:05.900Z");
    const object = (manager: string, creationTimestamp: string): KubernetesObject => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "a", creationTimestamp, managedFields: [{ manager, operation: "Update" }] },
    });

    it("is from Pulumi's provider, and not older than the stack", () => {
        expect(isOwn(object("pulumi-kubernetes", "2026-01-02T03:04:05Z"), begun)).toBe(true);
        expect(isOwn(object("pulumi-resource-kubernetes", "2026-01-03T00:00:00Z"), begun)).toBe(true);
    });

    it("is not from kubectl, and not older than the stack", () => {
        expect(isOwn(object("kubectl-client-side-apply", "2026-01-03T00:00:00Z"), begun)).toBe(false);
        expect(isOwn(object("pulumi-kubernetes", "2026-01-02T03:03:00Z"), begun)).toBe(false);
        expect(isOwn({ apiVersion: "v1", kind: "Service", metadata: { name: "a" } }, begun)).toBe(false);
    });

    it("is, for a patch, what the provider has applied with exactly these fields", () => {
        const labels = { "istio-injection": "enabled" };
        const patch = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels } };
        const entry = (manager: string, time: string, label = "istio-injection", operation = "Apply") => ({
            manager,
            operation,
            time,
            fieldsV1: { "f:metadata": { "f:labels": { [`f:${label}`]: {} } } },
        });
        const later = "2026-01-03T00:00:00Z";
        const managedFields = [
            entry("pulumi-kubernetes-1a2b", later),
            entry("pulumi-kubernetes-old", "2025-01-01T00:00:00Z"),
            entry("pulumi-kubernetes-other", later, "team"),
            entry("pulumi-kubernetes", later),
            entry("kubectl-label", later, "istio-injection", "Update"),
        ];
        const live = { ...patch, metadata: { ...patch.metadata, managedFields } };
        expect(lostManagers(live, patch, begun)).toEqual(["pulumi-kubernetes-1a2b"]);
    });
});

describe("a revision of a release", () => {
    it("is read and written in Helm's format", () => {
        const revision = { name: "istiod", info: { status: "pending-upgrade" }, manifest: "a: ä" };
        const secret = {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "a" },
            data: { release: encode(revision) },
        };
        expect(decode(secret)).toEqual(revision);
        // The API's base64 around Helm's own, around gzip.
        expect(Buffer.from(Buffer.from(encode(revision), "base64").toString(), "base64").subarray(0, 2)).toEqual(
            Buffer.from([0x1f, 0x8b]),
        );
    });
});
