/** Building blocks of the config's schema. */
import * as z from "zod";

/** An object that may be left out, because every key in it has a default. */
export function group<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
    return z.strictObject(shape).prefault({} as never);
}

export function flag(byDefault: boolean, description: string) {
    return z.boolean().default(byDefault).describe(description);
}

export function wholeNumber(least: number, most: number) {
    return z
        .int()
        .min(least, `must be at least ${String(least)}`)
        .max(most, `must be at most ${String(most)}`);
}

export const nonEmpty = z.string().min(1, "it is empty");
