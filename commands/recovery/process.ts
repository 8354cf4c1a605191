import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What `ps` rounds a start to, and clocks differ by, in milliseconds. */
const TOLERANCE = 2000;

/** Whether the process that had this id at a time still runs. Where that cannot be told, it does. */
export function runsSince(pid: number, time: Date): boolean {
    if (!runs(pid)) {
        return false;
    }
    // Ids are used again, after a restart of the machine above all.
    const start = startOf(pid);
    return start === undefined || start.getTime() <= time.getTime() + TOLERANCE;
}

/**
 * Ends what a dead engine has left of its session: its plugins can outlive it, and would go on working. Nothing is ended
 * where its id is another process's by now, nor what does not run a part of Pulumi.
 */
export function endSessionOf(pid: number): void {
    if (runs(pid)) {
        return;
    }
    for (const member of sessionOf(pid).filter(isPulumis)) {
        try {
            process.kill(member, "SIGKILL");
        } catch {
            // It has just ended.
        }
    }
}

function runs(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

function startOf(pid: number): Date | undefined {
    try {
        const env = { ...process.env, LC_ALL: "C" };
        const start = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { env, encoding: "utf8" });
        const time = new Date(start.trim());
        return Number.isNaN(time.getTime()) ? undefined : time;
    } catch {
        return undefined;
    }
}

/** The processes of a session, by Linux's /proc; none elsewhere. */
function sessionOf(leader: number): number[] {
    return processes().filter((pid) => {
        try {
            // After the name, which may hold anything, in parentheses: state, parent, group, session.
            const [, , , session] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
            return Number(session) === leader;
        } catch {
            return false;
        }
    });
}

/** Whether a process runs a plugin, a language host or a program of Pulumi, by its command line. */
function isPulumis(pid: number): boolean {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pulumi");
    } catch {
        return false;
    }
}

function processes(): number[] {
    try {
        return readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .map(Number);
    } catch {
        return [];
    }
}
