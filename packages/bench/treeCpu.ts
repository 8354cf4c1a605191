import { readdirSync } from "node:fs";
import { statOf } from "../shared/processId";

/**
 * CPU time of a process and all its descendants so far, user and system together, in seconds. Descendants that have ended
 * are included if their parents have waited for them. Processes that left the tree, such as daemons, are not.
 */
export function treeCpu(root: number): number {
    const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
    const processes = pids.map((pid) => ({ pid: Number(pid), stat: statOf(Number(pid)) }));
    const inTree = new Set([root]);
    for (let size = 0; size < inTree.size;) {
        size = inTree.size;
        processes.filter(({ stat }) => stat && inTree.has(stat.parent)).forEach(({ pid }) => inTree.add(pid));
    }
    return processes
        .filter(({ pid }) => inTree.has(pid))
        .reduce((sum, { stat }) => sum + (stat ? stat.cpu + stat.cpuOfEnded : 0), 0);
}
