/** A program that declares nothing, to measure Pulumi alone. */
export {};
