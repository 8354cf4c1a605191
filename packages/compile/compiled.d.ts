/**
 * A TypeScript file of this clone as a single CommonJS file, with everything that it imports except packages of Pulumi. It
 * is built on first use, and again if anything that it was made of has changed.
 * @param entry the path of the TypeScript file
 * @returns the path of a JavaScript file to require
 * @throws Error if the sources cannot be built, with esbuild's messages
 */
export function compiled(entry: string): string;

/**
 * Runs a TypeScript file of this clone in this process. Stack traces name its sources.
 * @param entry its path
 * @returns what it exports
 */
export function load(entry: string): unknown;
