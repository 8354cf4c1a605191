import * as fs from "node:fs";
import * as path from "node:path";
import { sleep } from "../processes";

/** The control group that holds every pod of the sandbox, in each hierarchy of the machine. */
export const podCgroup = "bookinfo-mesh";

const cgroupRoot = "/sys/fs/cgroup";

/** Makes {@link podCgroup}: the kubelet wants to find its root. */
export function createCgroups(): void {
    for (const hierarchy of hierarchies()) {
        const group = path.join(hierarchy, podCgroup);
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
            if (attempt === 40) {
                throw error;
            }
            await sleep(50);
        }
    }
}
