/** What the labels of everything that Google bills for say: whose it is, and what may change it. */
export function billingLabels(
    { project, stack }: { project: string; stack: string },
    own: Readonly<Record<string, string>>,
): Record<string, string> {
    return { app: labelValue(project), stack: labelValue(stack), "managed-by": "pulumi", ...own };
}

/** A name in the characters of a label's value, which is at most 63 of them long. */
function labelValue(name: string): string {
    return name
        .toLowerCase()
        .replace(/[^a-z0-9_-]/g, "-")
        .slice(0, 63);
}
