import { readdirSync } from "node:fs";
import { readOr } from "../shared/processId";

/** The kernel counts CPU time in hundredths of a second for user programs on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * CPU time of a process and all its descendants so far, user and system together, in seconds. Descendants that have ended
 * are included if their parents have waited for them. Processes that left the tree, such as daemons, are not (proc(5)).
 */
export function treeCpu(root: number): number {
    const processes = readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry))
        .map((pid) => ({ pid: Number(pid), fields: fieldsOf(pid) }));
    const inTree = new Set([root]);
    for (let size = 0; size < inTree.size;) {
        size = inTree.size;
        processes.filter(({ fields }) => inTree.has(Number(fields[1]))).forEach(({ pid }) => inTree.add(pid));
    }
    // After the name: 0 is the state, 1 the parent, 11 to 14 are the times of the process and of its ended children.
    const ticks = processes
        .filter(({ pid }) => inTree.has(pid))
        .flatMap(({ fields }) => fields.slice(11, 15).map(Number));
    return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

/** The fields of a process after its name; none if it has ended. */
function fieldsOf(pid: string): string[] {
    return readOr(`/proc/${pid}/stat`, "").split(") ").at(-1)?.split(" ") ?? [];
}
