/**
 * How the user typed the running command: `npm run up -- --stack x`, or `npx bookinfo up --stack x`. Messages name other
 * commands in the same form.
 */

/** The scripts of package.json that are verbs of the command `bookinfo`. */
export const VERBS: ReadonlySet<string> = new Set([
    "up",
    "down",
    "render",
    "load",
    "dashboard",
    "verify",
    "token",
    "lesson",
    "sandbox",
    "bench",
]);

/** A command up to its options, such as `npm run up --` or `npx bookinfo up`. */
export function invocationOf(verb: string, env: NodeJS.ProcessEnv = process.env): string {
    // npm sets these variables for a script; npx and shells do not.
    const isScript = /^run/.test(env.npm_command ?? "") && VERBS.has(env.npm_lifecycle_event ?? "");
    return isScript ? `npm run ${verb} --` : `npx bookinfo ${verb}`;
}

/** A whole command as the user types it. npm needs its ` --` only in front of options. */
export function commandLine(
    verb: string,
    options: readonly string[] = [],
    env: NodeJS.ProcessEnv = process.env,
): string {
    return [invocationOf(verb, env), ...options].join(" ").replace(/ --$/, "");
}
