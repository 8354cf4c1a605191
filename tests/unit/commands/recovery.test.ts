import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "../../../commands/cluster/object";
import { interruptionOf } from "../../../commands/recovery/interruption";
import {
    isAbandoned,
    type Lock,
    lockFolder,
    readLocks,
    refuseHeld,
    whileLocked,
} from "../../../commands/recovery/lock";
import { isOwn, lostManagers } from "../../../commands/recovery/ownership";
import { endSessionOf } from "../../../commands/recovery/process";
import { decode, encode } from "../../../commands/recovery/release";

const lock = (overrides: Partial<Lock> = {}): Lock => ({
    file: "/locks/a.json",
    pid: process.pid,
    username: "ann",
    hostname: hostname(),
    timestamp: new Date(),
    ...overrides,
});

/** Waits until something holds; the test's time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
    while (!holds()) {
        await sleep(20);
    }
}

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

    it("is looked for where the engine keeps it", () => {
        const below = ".pulumi/locks/organization/bookinfo-mesh/local";
        expect(lockFolder("file:///a%20b/c", "local")).toBe(`/a b/c/${below}`);
        expect(lockFolder("file://~", "local")).toBe(path.join(homedir(), below));
        expect(lockFolder("s3://bucket", "local")).toBeUndefined();
        expect(lockFolder("https://api.pulumi.com", "local")).toBeUndefined();
    });

    it("is held by a process that lives", () => {
        expect(isAbandoned(lock())).toBe(false);
    });

    it("is abandoned by a process that is dead", async () => {
        expect(isAbandoned(lock({ pid: await deadPid() }))).toBe(true);
    });

    it("is abandoned where its process id is another's by now", () => {
        expect(isAbandoned(lock({ timestamp: new Date(Date.now() - 24 * 3600_000) }))).toBe(true);
    });

    it("of another machine is never taken for abandoned", async () => {
        const pid = await deadPid();
        expect(isAbandoned(lock({ pid, hostname: "elsewhere" }))).toBe(false);
    });

    it("that is held is refused, with its owner and the remedy", async () => {
        const held = lock({ timestamp: new Date() });
        expect(() => {
            refuseHeld([held]);
        }).toThrow(new RegExp(`process ${process.pid} of ann@.*, since .*\n.*\n  rm /locks/a.json`));
        const pid = await deadPid();
        expect(() => {
            refuseHeld([lock({ pid })]);
        }).not.toThrow();
    });

    it("of the dead is removed under a lock of one's own, which goes too", async () => {
        writeLock("dead.json", lock({ pid: await deadPid() }));
        const seen = await whileLocked(folder, (abandoned) => {
            expect(readLocks(folder).map(({ pid }) => pid)).toEqual([process.pid]);
            return abandoned.length;
        });
        expect(seen).toBe(1);
        expect(readdirSync(folder)).toEqual([]);
    });

    it("of the living keeps others out, and stays", async () => {
        writeLock("living.json", lock());
        await expect(whileLocked(folder, () => undefined)).rejects.toThrow("somebody else works on this stack");
        expect(readdirSync(folder)).toEqual(["living.json"]);
    });

    it("that is no lock is named", () => {
        mkdirSync(folder, { recursive: true });
        writeFileSync(path.join(folder, "a.json"), "{");
        expect(() => readLocks(folder)).toThrow(path.join(folder, "a.json"));
        expect(existsSync(folder)).toBe(true);
        expect(readLocks(path.join(folder, "nowhere"))).toEqual([]);
    });
});

const describeOnLinux = process.platform === "linux" ? describe : describe.skip;

describeOnLinux("what a dead engine has left running (by Linux's /proc)", () => {
    const started: number[] = [];
    /** A session whose leader lives for a while, with two processes, of which the second looks like a part of Pulumi. */
    const startSession = async (leaderLives: number) => {
        const others = "sleep 60 > /dev/null & a=$!; bash -c 'exec -a pulumi-resource-x sleep 60' > /dev/null &";
        const leader = spawn("bash", ["-c", `${others} echo "$$ $a $!"; sleep ${leaderLives}`], { detached: true });
        const [printed] = (await once(leader.stdout, "data")) as [Buffer];
        const pids = /^(\d+) (\d+) (\d+)\n$/.exec(printed.toString())?.slice(1).map(Number) ?? [];
        const [own, other, plugin] = pids;
        if (own === undefined || other === undefined || plugin === undefined) {
            throw new Error(`no three ids: ${printed.toString()}`);
        }
        started.push(...pids);
        return { leader, own, other, plugin };
    };
    const runs = (pid: number) => {
        try {
            process.kill(pid, 0);
            return true;
        } catch {
            return false;
        }
    };
    afterEach(() => {
        for (const pid of started.splice(0).filter(runs)) {
            process.kill(pid);
        }
    });

    it("is ended if it is Pulumi's, and nothing else is", async () => {
        const { leader, own, other, plugin } = await startSession(0.2);
        await once(leader, "exit");
        expect([other, plugin].map(runs)).toEqual([true, true]);
        endSessionOf(own);
        await until(() => !runs(plugin));
        expect(runs(other)).toBe(true);
    });

    it("is left alone where a process of that id lives: it is somebody else's", async () => {
        const { own, other, plugin } = await startSession(60);
        endSessionOf(own);
        await sleep(100);
        expect([other, plugin].map(runs)).toEqual([true, true]);
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

    it("is none in a state without pending operations, nor in an empty one", () => {
        expect(interruptionOf({ deployment: { resources: [stack, release("istiod")] } })).toMatchObject({
            operations: 0,
            begun: new Date(begun),
            objects: [],
            releases: [],
            knownReleases: [{ name: "istiod", namespace: "istio-system" }],
        });
        expect(interruptionOf({})).toMatchObject({ operations: 0, knownReleases: [] });
    });

    it("is told by kind of operation and of resource", () => {
        const interruption = interruptionOf({
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
        expect(interruption).toMatchObject({
            operations: 7,
            objects: [{ kind: "Deployment", metadata: { name: "a" } }],
            releases: [{ name: "istiod", namespace: "istio-system" }],
            patches: [{ kind: "Namespace", metadata: { name: "default" } }],
            deleted: [{ kind: "Deployment", metadata: { name: "c" } }],
        });
        expect(interruption.objects).toHaveLength(1);
        expect(interruption.deleted).toHaveLength(1);
    });

    it("leaves what the state has under the same name", () => {
        const resources = [stack, { ...deployment("a"), id: "default/a" }];
        const pending = [{ type: "creating", resource: deployment("a") }];
        expect(interruptionOf({ deployment: { resources, pending_operations: pending } }).objects).toEqual([]);
    });
});

describe("what a killed run has made", () => {
    const begun = new Date("2026-01-02T03:04:05.900Z");
    const object = (manager: string, creationTimestamp: string): KubernetesObject => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "a", creationTimestamp, managedFields: [{ manager, operation: "Update" }] },
    });

    it("is made by Pulumi's provider, since the stack was begun", () => {
        expect(isOwn(object("pulumi-kubernetes", "2026-01-02T03:04:05Z"), begun)).toBe(true);
        expect(isOwn(object("pulumi-resource-kubernetes", "2026-01-03T00:00:00Z"), begun)).toBe(true);
    });

    it("is not what kubectl made, nor what was there before the stack", () => {
        expect(isOwn(object("kubectl-client-side-apply", "2026-01-03T00:00:00Z"), begun)).toBe(false);
        expect(isOwn(object("pulumi-kubernetes", "2026-01-02T03:03:00Z"), begun)).toBe(false);
        expect(isOwn({ apiVersion: "v1", kind: "Service", metadata: { name: "a" } }, begun)).toBe(false);
    });

    it("is, of a patch, what was applied under a name of the provider's, with these fields and no others", () => {
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
    it("is read and written as Helm does", () => {
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
