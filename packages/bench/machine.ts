import { readFileSync } from "node:fs";
import os from "node:os";

/** A machine in words, and how busy it was. */
export interface Machine {
    cpu: string;
    cores: number;
    /** In GiB. */
    memory: number;
    os: string;
}

export function describeMachine(): Machine {
    const cpus = os.cpus();
    return {
        cpu: cpus[0]?.model.trim() ?? "unknown",
        cores: cpus.length,
        memory: Math.round(os.totalmem() / 2 ** 30),
        os: `${distribution()}, ${os.type()} ${os.release()}`,
    };
}

/** How many processes wanted to run at once, on average over the last minute. */
export function load(): number {
    return os.loadavg()[0] ?? 0;
}

function distribution(): string {
    try {
        return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? os.platform();
    } catch {
        return os.platform();
    }
}
