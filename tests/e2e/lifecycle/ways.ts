import { setTimeout as sleep } from "node:timers/promises";
import { killIn, killTree, start } from "../processes";
import { momentsOver } from "./moments";

/*
 * How runs are interrupted. INTERRUPTIONS says at how many moments, INTERRUPTION_SEED which, INTERRUPTION_WAY how, by default in one
 * way after the other; a single one is repeated by `-t "moment 7 "`.
 */

const count = Number(process.env.INTERRUPTIONS ?? 20);

/** What the moments come from: the same ones come from the same seed. */
export const seed = Number(process.env.INTERRUPTION_SEED ?? Date.now() % 100_000);

/** How a run is interrupted: its process is given. What is still alive then ends by itself. */
const ways: Record<string, (pid: number) => unknown> = {
    "everything killed": killTree,
    "everything killed, and what came next": killTree,
    "the engine killed": (pid) => killIn(pid, "pulumi"),
    "the provider killed": (pid) => killIn(pid, "pulumi-resource-kubernetes"),
    "the command killed": (pid) => process.kill(pid, "SIGKILL"),
    "Ctrl-C": (pid) => process.kill(pid, "SIGINT"),
    "Ctrl-C twice": async (pid) => {
        process.kill(pid, "SIGINT");
        await sleep(1500);
        process.kill(pid, "SIGINT");
    },
};
/** Moments at which what comes next is interrupted too, as fractions of an undisturbed `up`: it recovers by then. */
const next: Record<string, number[]> = { "everything killed, and what came next": [0.1, 0.2] };
const wayNames = process.env.INTERRUPTION_WAY === undefined ? Object.keys(ways) : [process.env.INTERRUPTION_WAY];

/** A moment of a run, and what happens to it then. */
export interface Moment {
    /** From 1. */
    moment: number;
    /** When, as a fraction of an undisturbed run. */
    fraction: number;
    way: string;
}

/** All of them: each way for two moments, which may differ in what comes next. */
export const moments: Moment[] = momentsOver(count, seed).map((fraction, index) => ({
    moment: index + 1,
    fraction,
    way: wayNames[Math.floor(index / 2) % wayNames.length] ?? "",
}));

/**
 * Starts a run, interrupts it, and waits until it has ended.
 * @param duration of an undisturbed run, in milliseconds
 */
export async function interrupt(
    { fraction, way }: Moment,
    duration: number,
    script: "up" | "down",
    ...args: string[]
): Promise<void> {
    const interruption = ways[way];
    if (interruption === undefined) {
        throw new Error(`INTERRUPTION_WAY is "${way}", which is none of: ${Object.keys(ways).join(", ")}`);
    }
    const { child, ended } = start(script, ...args);
    await Promise.race([sleep(fraction * duration), ended]);
    try {
        await interruption(child.pid ?? 0);
    } catch (error) {
        // Where the run has been faster than usual.
        expect(error).toMatchObject({ code: "ESRCH" });
    }
    await ended;
}

/** The interruptions of what is run after one, by the same way. */
export function interruptionsAfter({ way, moment }: Moment): Moment[] {
    return (next[way] ?? []).map((fraction) => ({ moment, fraction, way }));
}
