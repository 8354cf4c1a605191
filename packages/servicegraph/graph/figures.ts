import type { Detail, Intervention } from "../prometheus/queries";

/** How traffic is secured. */
export type Policy = "encrypted" | "plain" | "unknown";

/** The samples of an answer in columns: an object for each sample takes several times the memory, and time to collect it. */
export class Figures {
    /** By `pairKey`. */
    readonly pairs: number[] = [];
    readonly values: number[] = [];
    readonly kinds: (Policy | Intervention)[] = [];
    /** Source and service, by `pairKey`; for requests only. */
    readonly services: number[] = [];
}

/** The values of `connection_security_policy` with a meaning. */
export const POLICIES: ReadonlyMap<string, Policy> = new Map([
    ["mutual_tls", "encrypted"],
    ["none", "plain"],
]);

/** The figures of an edge so far, undefined if there are no series; source and target are indexes of nodes. */
export interface EdgeFigures extends Partial<Record<Detail | Policy | Intervention, number>> {
    source: number;
    target: number;
}

/** More nodes than a mesh can have. */
const MOST_NODES = 2 ** 24;

/** One number for two indexes of nodes. */
export const pairKey = (source: number, target: number) => source * MOST_NODES + target;

/** The two indexes of a number from `pairKey`. */
export const pairOf = (key: number) => ({ source: Math.floor(key / MOST_NODES), target: key % MOST_NODES });
