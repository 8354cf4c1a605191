import type { BuildOptions } from "esbuild";

/**
 * A TypeScript file of this clone as a single CommonJS file, with everything that it imports except packages of Pulumi. It
 * is built on first use, and again if anything that it was made of has changed.
 * @param entry the path of the TypeScript file
 * @returns the path of a JavaScript file to require
 * @throws Error if the sources cannot be built, with esbuild's messages
 */
export function compiled(entry: string): string;

/**
 * The text of a bundle that is not for this process. It is built and kept in the same way.
 * @param entry the path of the TypeScript file
 * @param options all options that differ from esbuild's; they must be JSON
 * @returns the bundle
 * @throws Error if the sources cannot be built, with esbuild's messages
 */
export function bundled(entry: string, options: BuildOptions): string;

/**
 * Runs a TypeScript file of this clone in this process. The stack trace of an error that ends it names the sources.
 * @param entry its path
 * @returns what it exports
 */
export function load(entry: string): unknown;
