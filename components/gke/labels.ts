/** Labels of billed resources: which program and stack they belong to, and what manages them. */
export function billingLabels(
    { project, stack }: { project: string; stack: string },
    own: Readonly<Record<string, string>>,
): Record<string, string> {
    return { app: labelValue(project), stack: labelValue(stack), "managed-by": "pulumi", ...own };
}

/** A name as a label's value: only certain characters, at most 63. */
function labelValue(name: string): string {
    return name
        .toLowerCase()
        .replace(/[^a-z0-9_-]/g, "-")
        .slice(0, 63);
}
