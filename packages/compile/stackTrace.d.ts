/** Makes the stack traces that are looked at from now on name the TypeScript sources of builds. */
export function mapStackTraces(): void;
