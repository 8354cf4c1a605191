import * as fs from "node:fs";
import * as path from "node:path";
import { poll } from "../../shared/poll";

/** The control group of all pods of the sandbox, in each hierarchy of the machine. */
export const podCgroup = "bookinfo-mesh";

const cgroupRoot = "/sys/fs/cgroup";

/** Makes {@link podCgroup}, which must exist when the kubelet starts. */
export function createCgroups(): void {
    for (const hierarchy of hierarchies()) {
        const group = path.join(hierarchy, podCgroup);
        delegateControllers(hierarchy);
        fs.mkdirSync(group, { recursive: true });
        inheritCpuset(hierarchy, group);
    }
}

/** Removes the control groups of a sandbox whose processes have ended, the inner groups first. */
export async function removeCgroups(): Promise<void> {
    for (const hierarchy of hierarchies()) {
        await removeTree(path.join(hierarchy, podCgroup));
    }
}

/** cgroup v2 has one hierarchy, v1 has one for each controller. Symbolic links are other names of these (cgroups(7)). */
function hierarchies(): string[] {
    const isVersion2 = fs.existsSync(path.join(cgroupRoot, "cgroup.controllers"));
    return isVersion2 ? [cgroupRoot] : foldersIn(cgroupRoot);
}

function foldersIn(folder: string): string[] {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name));
}

/**
 * In cgroup v2 a group has only the controllers that its parent delegates. The kubelet rejects a root group without the
 * controllers that it uses and the machine has (Kubernetes, pkg/kubelet/cm/cgroup_v2_manager_linux.go).
 */
function delegateControllers(hierarchy: string): void {
    const available = path.join(hierarchy, "cgroup.controllers");
    const delegated = path.join(hierarchy, "cgroup.subtree_control");
    if (!fs.existsSync(available)) {
        return; // cgroup v1
    }
    const words = (file: string) => fs.readFileSync(file, "utf8").trim().split(/\s+/);
    const missing = ["cpu", "cpuset", "memory", "hugetlb", "pids"].filter(
        (controller) => words(available).includes(controller) && !words(delegated).includes(controller),
    );
    if (missing.length > 0) {
        fs.writeFileSync(delegated, missing.map((controller) => `+${controller}`).join(" "));
    }
}

/** In cgroup v1 a new cpuset is empty, and a process can enter it only after it gets processors and memory (cpuset(7)). */
function inheritCpuset(parent: string, group: string): void {
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        const own = path.join(group, file);
        if (fs.existsSync(own) && fs.existsSync(path.join(parent, file)) && !fs.readFileSync(own, "utf8").trim()) {
            fs.writeFileSync(own, fs.readFileSync(path.join(parent, file), "utf8"));
        }
    }
}

async function removeTree(group: string): Promise<void> {
    if (!fs.existsSync(group)) {
        return;
    }
    for (const inner of foldersIn(group)) {
        await removeTree(inner);
    }
    let reason: unknown;
    const isRemoved = () => {
        try {
            fs.rmdirSync(group);
        } catch (error) {
            reason = error;
        }
        return !fs.existsSync(group);
    };
    // A group stays busy for a moment after its last process has ended.
    if (!(await poll(isRemoved, { interval: 50, timeout: 2_000 }))) {
        throw reason;
    }
}
