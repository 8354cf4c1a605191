import { setTimeout as sleep } from "node:timers/promises";
import { killProgram, killTree, start } from "../processes";

/*
 * The interruptions of runs. Variables of the environment choose them: INTERRUPTIONS their number (20), INTERRUPTION_SEED their
 * moments, INTERRUPTION_KIND a single kind (all in turn). `-t "moment 7 "` repeats a single one.
 */

const count = Number(process.env.INTERRUPTIONS ?? 20);

/** Seed of the random moments: the same seed gives the same moments. */
export const seed = Number(process.env.INTERRUPTION_SEED ?? Date.now() % 100_000);

/** How each kind interrupts a run, given its process. What is still alive then ends by itself. */
const interruptions: Record<string, (pid: number) => unknown> = {
    "everything killed": killTree,
    "everything killed, and the next run too": killTree,
    "the engine killed": (pid) => killProgram(pid, "pulumi"),
    "the provider killed": (pid) => killProgram(pid, "pulumi-resource-kubernetes"),
    "the command killed": (pid) => process.kill(pid, "SIGKILL"),
    "Ctrl-C": (pid) => process.kill(pid, "SIGINT"),
    "Ctrl-C twice": async (pid) => {
        process.kill(pid, "SIGINT");
        await sleep(1500);
        process.kill(pid, "SIGINT");
    },
};
/** When to interrupt the next runs too, as fractions of an uninterrupted `up`: at these moments it recovers. */
const repetitions: Record<string, number[]> = { "everything killed, and the next run too": [0.1, 0.2] };
const kinds =
    process.env.INTERRUPTION_KIND === undefined ? Object.keys(interruptions) : [process.env.INTERRUPTION_KIND];

/** A moment of a run, and its interruption. */
export interface Moment {
    /** Number of the moment, from 1. */
    moment: number;
    /** When, as a fraction of an uninterrupted run. */
    fraction: number;
    kind: string;
}

/** All moments. Each kind gets two in a row, so that tests can continue in two ways. */
export const moments: Moment[] = randomFractions().map((fraction, index) => ({
    moment: index + 1,
    fraction,
    kind: kinds[Math.floor(index / 2) % kinds.length] ?? "",
}));

/** Rising fractions of a run, each at random in its own of equal parts. */
function randomFractions(): number[] {
    let state = seed;
    // A linear congruential generator is random enough, and needs no package.
    const random = () => {
        state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
        return state / 2 ** 32;
    };
    return Array.from({ length: count }, (_, index) => Math.round(((index + random()) / count) * 1000) / 1000);
}

/**
 * Starts a run, interrupts it, and waits until it has ended.
 * @param duration of an uninterrupted run, in milliseconds
 */
export async function interrupt(
    { fraction, kind }: Moment,
    duration: number,
    script: "up" | "down",
    ...args: string[]
): Promise<void> {
    const interruption = interruptions[kind];
    if (interruption === undefined) {
        throw new Error(`INTERRUPTION_KIND is "${kind}", but must be one of: ${Object.keys(interruptions).join(", ")}`);
    }
    const { child, ended } = start(script, ...args);
    await Promise.race([sleep(fraction * duration), ended]);
    try {
        await interruption(child.pid ?? 0);
    } catch (error) {
        // The run was faster than usual and has already ended.
        expect(error).toMatchObject({ code: "ESRCH" });
    }
    await ended;
}

/** The interruptions, of the same kind, of the runs after an interrupted one. */
export function interruptionsAfter({ kind, moment }: Moment): Moment[] {
    return (repetitions[kind] ?? []).map((fraction) => ({ moment, fraction, kind }));
}
