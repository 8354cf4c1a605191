import { type Config, parseConfig } from "../../../config/parse";
import { PROJECT_NAME } from "../../shared/project";
import type { Stack } from "./stack";

/**
 * The checked config of a stack, as the program reads it.
 * @throws UserError if the stack's file is incomplete or encrypted; ConfigError if a value is wrong
 */
export function configOf(stack: Stack): Config {
    const namespace = `${PROJECT_NAME}:`;
    const config = Object.entries(stack.config)
        .filter(([key]) => key.startsWith(namespace))
        .map(([key, value]) => [key.slice(namespace.length), value]);
    return parseConfig(Object.fromEntries(config) as Record<string, string>);
}
