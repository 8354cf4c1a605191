import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./run";
import { UserError } from "../shared/errors";
import { type Owner, record } from "./ownership";
import { cache, cloneDirectory, live } from "./paths";
import { type ProcessId, isAlive, isGone, processId, signal, sleep } from "./processId";
import { program } from "./toolchain/toolchain";

/**
 * Directories that Kubernetes' parts write to by fixed names (/run/containerd, /var/lib/cni, /var/log/containers, …). Inside the sandbox's
 * mount namespace they are empty directories of its own, so the machine's stay as they are.
 */
const shadowed = ["/run", "/var/lib", "/var/log"];

/** What must be found at its own place inside, too: the last is Node's installation, which runs the load balancer. */
const kept = [live.root, cache.root, cloneDirectory, path.dirname(path.dirname(process.execPath))];

/** Settings of the whole machine that the kubelet writes when it starts. Inside, each is a plain file, and the machine's value stays. */
const machineSettings = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

/** Arguments of nsenter(1) before the command to run inside the sandbox. */
export function enterArguments(init: number): string[] {
    return ["--target", String(init), "--mount", "--net", "--pid", "--ipc", "--"];
}

/** Runs a command inside the sandbox's namespaces to its end. */
export function runInside(init: number, command: string, args: readonly string[]): Promise<string> {
    return run("nsenter", [...enterArguments(init), command, ...args]);
}

/**
 * Makes the mount, network, process and IPC namespaces that hold the whole sandbox, and a first process in them that does nothing but wait
 * and reap. When that process ends, the kernel ends every other one inside, and with the last of them go the mounts and the interfaces:
 * nothing can be left behind, whoever was killed. Each process is recorded as soon as it is there.
 *
 * @throws UserError when this machine does not let root make them
 */
export async function createNamespaces(): Promise<ProcessId> {
    const errors = path.join(live.root, "unshare.log");
    const log = fs.openSync(errors, "w");
    const unshare = spawn(
        "unshare",
        [
            "--mount",
            "--net",
            "--pid",
            "--ipc",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
            program("bookinfo", "pause"),
        ],
        { detached: true, stdio: ["ignore", "ignore", log] },
    );
    fs.closeSync(log);
    unshare.on("error", () => undefined); // no process then: said below
    unshare.unref();
    const holder = processId(unshare.pid ?? 0);
    record({ holder });
    const init = await firstChild(holder);
    if (init === undefined) {
        throw new UserError(`this machine does not let root make namespaces: ${readOr(errors, "").trim()}`);
    }
    record({ init: processId(init) });
    await shadowDirectories(init);
    return processId(init);
}

/** Ends everything inside. Answers when the kernel has taken the namespaces down. */
export async function destroyNamespaces({ holder, init }: Pick<Owner, "holder" | "init">): Promise<void> {
    const held = [holder, init].filter((process) => process !== undefined).filter(isAlive);
    held.forEach(({ pid }) => {
        signal(pid, "SIGKILL");
    });
    // They are gone when the kernel has ended all others inside, and they their threads.
    for (let waited = 0; !held.every(isGone); waited += 50) {
        if (waited > 20_000) {
            throw new UserError(`process ${String(held[0]?.pid)}, which holds the sandbox's namespaces, does not end`);
        }
        await sleep(50);
    }
}

/** The process that unshare forks, once the namespaces are made and it has started its program; none if unshare ended. */
async function firstChild(parent: ProcessId): Promise<number | undefined> {
    while (isAlive(parent)) {
        const [child] = readOr(`/proc/${parent.pid}/task/${parent.pid}/children`, "").split(" ");
        if (child && readOr(`/proc/${child}/comm`, "unshare").trim() !== "unshare") {
            return Number(child);
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

function readOr(file: string, otherwise: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return otherwise;
    }
}
