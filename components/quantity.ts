/** Amounts of CPU and memory, as Kubernetes quantities such as `100m` and `128Mi`. */
export interface Amounts {
    cpu?: string;
    memory?: string;
}

/** A container's requests and limits. */
export interface Resources {
    requests: Amounts;
    limits: Amounts;
}

/** CPU in Kubernetes' notation: cores or thousandths of a core, and nothing finer: `2`, `0.5`, `250m`. */
const CPU = /^(?:\d+(?:\.\d{1,3})?|\d+m)$/;

/** Memory in Kubernetes' notation, in bytes. The suffix `m` is not accepted: `100m` of memory is a tenth of a byte. */
const MEMORY = /^\d+(?:\.\d+)?(?:[kMGTPE]|[KMGTPE]i)?$/;

const UNITS = ["", "K", "M", "G", "T", "P", "E"];

export function isCpu(quantity: string): boolean {
    return CPU.test(quantity) && cores(quantity) > 0;
}

export function isMemory(quantity: string): boolean {
    return MEMORY.test(quantity) && bytes(quantity) > 0;
}

/** The number of cores in a CPU quantity. */
export function cores(cpu: string): number {
    return cpu.endsWith("m") ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu);
}

/** The number of bytes in a memory quantity. */
export function bytes(memory: string): number {
    const [, digits = "", unit = "", binary] = /^([\d.]+)([a-zA-Z]?)(i?)$/.exec(memory) ?? [];
    return Number(digits) * (binary ? 1024 : 1000) ** UNITS.indexOf(unit.toUpperCase());
}
