import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { outputOf } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { poll } from "../shared/poll";
import { childOf, isAlive, isGone, type ProcessId, processId, readOr, sendSignal } from "../shared/processId";
import { type Owner, record } from "./ownership";
import { cache, cloneDirectory, live } from "./paths";
import { program } from "./toolchain/toolchain";

/**
 * Directories in which Kubernetes uses fixed names (/run/containerd, /var/lib/cni, /var/log/containers, …). The sandbox's
 * mount namespace has its own, empty ones, so the machine's stay unchanged.
 */
const shadowed = ["/run", "/var/lib", "/var/log"];

/** What must keep its path inside. The last one is Node's installation, which runs the load balancer. */
const kept = [live.root, cache.root, cloneDirectory, path.dirname(path.dirname(process.execPath))];

/** Settings of the whole machine that the kubelet writes when it starts. Inside, each is a plain file. */
const machineSettings = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

/** Arguments of nsenter(1) before the command that runs inside the sandbox. */
export function enterArguments(init: number): string[] {
    return ["--target", String(init), "--mount", "--net", "--pid", "--ipc", "--"];
}

/** Runs a command to its end inside the sandbox's namespaces. */
export function runInside(init: number, command: string, args: readonly string[]): Promise<string> {
    return outputOf("nsenter", [...enterArguments(init), command, ...args]);
}

/**
 * Makes the mount, network, process and IPC namespaces of the sandbox, and their first process, which only waits and reaps.
 * When that process ends, the kernel ends every other process inside, and then removes the mounts and the interfaces. So
 * nothing is left behind, even after a kill. Each process is recorded as soon as it exists.
 * @returns the first process inside: its number on the machine
 * @throws UserError if root may not make namespaces on this machine
 */
export async function createNamespaces(): Promise<number> {
    const errors = path.join(live.root, "unshare.log");
    const log = fs.openSync(errors, "w");
    const options = ["--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "--"];
    const unshare = spawn("unshare", [...options, program("bookinfo", "pause")], {
        detached: true,
        stdio: ["ignore", "ignore", log],
    });
    fs.closeSync(log);
    unshare.on("error", () => undefined); // no process exists then, see below
    unshare.unref();
    const holder = processId(unshare.pid ?? 0);
    record({ holder });
    const init = await firstChild(holder);
    if (init === undefined) {
        throw new UserError(`root may not make namespaces on this machine: ${readOr(errors, "").trim()}`);
    }
    record({ init: processId(init) });
    await shadowDirectories(init);
    return init;
}

/** Ends everything inside, and waits until the kernel has removed the namespaces. */
export async function destroyNamespaces({ holder, init }: Pick<Owner, "holder" | "init">): Promise<void> {
    const held = [holder, init].filter((process) => process !== undefined).filter(isAlive);
    for (const { pid } of held) {
        sendSignal(pid, "SIGKILL");
    }
    // These two are gone only after all other processes inside.
    if (!(await poll(() => held.every(isGone), { interval: 50, timeout: 20_000 }))) {
        throw new UserError(`process ${String(held[0]?.pid)}, which holds the sandbox's namespaces, does not end`);
    }
}

/** The child that unshare forks, once it runs its own program in the new namespaces; undefined if unshare has ended. */
async function firstChild(unshare: ProcessId): Promise<number | undefined> {
    while (isAlive(unshare)) {
        const child = childOf(unshare.pid);
        if (child !== undefined && readOr(`/proc/${child}/comm`, "unshare").trim() !== "unshare") {
            return child;
        }
        await sleep(5);
    }
    return undefined;
}

async function shadowDirectories(init: number): Promise<void> {
    const script = shadowed.flatMap((directory) => {
        const shadow = path.join(live.shadows, directory);
        const inner = kept.filter((place) => place.startsWith(`${directory}/`));
        return [
            ...inner.flatMap((place) => {
                const target = path.join(shadow, path.relative(directory, place));
                return [`mkdir -p '${target}'`, `mount --bind '${place}' '${target}'`];
            }),
            `mkdir -p '${shadow}'`,
            `mount --rbind '${shadow}' '${directory}'`,
        ];
    });
    for (const setting of machineSettings.filter((name) => fs.existsSync(`/proc/sys/${name}`))) {
        const copy = path.join(live.shadows, "sys", setting);
        fs.mkdirSync(path.dirname(copy), { recursive: true });
        fs.writeFileSync(copy, fs.readFileSync(`/proc/sys/${setting}`));
        script.push(`mount --bind '${copy}' '/proc/sys/${setting}'`);
    }
    await runInside(init, "sh", ["-e", "-c", script.join("\n")]);
}
