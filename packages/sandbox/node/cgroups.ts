import * as fs from "node:fs";
import * as path from "node:path";
import { sleep } from "../processId";

/** The control group that holds every pod of the sandbox, in each hierarchy of the machine. */
export const podCgroup = "bookinfo-mesh";

const cgroupRoot = "/sys/fs/cgroup";

/** Makes {@link podCgroup}: the kubelet wants to find its root. */
export function createCgroups(): void {
    for (const hierarchy of hierarchies()) {
        const group = path.join(hierarchy, podCgroup);
        delegateControllers(hierarchy);
        fs.mkdirSync(group, { recursive: true });
        inheritCpuset(hierarchy, group);
    }
}

/** Removes the control groups of a sandbox whose processes have ended, the inner ones first. */
export async function removeCgroups(): Promise<void> {
    for (const hierarchy of hierarchies()) {
        await removeTree(path.join(hierarchy, podCgroup));
    }
}

/** cgroup v2 has one hierarchy, v1 one for each controller; symbolic links are second names of the same (cgroups(7)). */
function hierarchies(): string[] {
    if (fs.existsSync(path.join(cgroupRoot, "cgroup.controllers"))) {
        return [cgroupRoot];
    }
    return fs
        .readdirSync(cgroupRoot, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => path.join(cgroupRoot, entry.name));
}

/**
 * In cgroup v2 a group has the controllers that its parent hands down, and the kubelet refuses a root group that lacks one of those that
 * it uses and the machine has (Kubernetes, pkg/kubelet/cm/cgroup_v2_manager_linux.go).
 */
function delegateControllers(hierarchy: string): void {
    const available = path.join(hierarchy, "cgroup.controllers");
    const handedDown = path.join(hierarchy, "cgroup.subtree_control");
    if (!fs.existsSync(available)) {
        return; // cgroup v1
    }
    const words = (file: string) => fs.readFileSync(file, "utf8").trim().split(/\s+/);
    const missing = ["cpu", "cpuset", "memory", "hugetlb", "pids"].filter(
        (controller) => words(available).includes(controller) && !words(handedDown).includes(controller),
    );
    if (missing.length > 0) {
        fs.writeFileSync(handedDown, missing.map((controller) => `+${controller}`).join(" "));
    }
}

/** In cgroup v1 a new cpuset is empty, and no process can enter it before it has processors and memory (cpuset(7)). */
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
    for (const entry of fs.readdirSync(group, { withFileTypes: true })) {
        if (entry.isDirectory()) {
            await removeTree(path.join(group, entry.name));
        }
    }
    // A group stays busy for a moment after its last process has ended.
    for (let attempt = 0; ; attempt += 1) {
        try {
            fs.rmdirSync(group);
            return;
        } catch (error) {
            if (!fs.existsSync(group)) {
                return;
            }
            if (attempt === 40) {
                throw error;
            }
            await sleep(50);
        }
    }
}
