import os from "node:os";
import { readOr } from "../shared/processId";

export type Machine = ReturnType<typeof describeMachine>;

/** Describes this machine; its memory is in GiB. */
export function describeMachine() {
    const cpus = os.cpus();
    return {
        cpu: cpus[0]?.model.trim() ?? "unknown",
        cores: cpus.length,
        memory: Math.round(os.totalmem() / 2 ** 30),
        os: `${distribution()}, ${os.type()} ${os.release()}`,
    };
}

/** The load average of the last minute: how many processes were ready to run. */
export function load(): number {
    return os.loadavg()[0] ?? 0;
}

function distribution(): string {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readOr("/etc/os-release", ""))?.[1] ?? os.platform();
}
