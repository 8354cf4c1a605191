/** A program that declares nothing: what remains is Pulumi's own. */
export {};
