import * as fs from "node:fs";
import * as path from "node:path";
import { readSandboxKubeconfig } from "../commands";

/** Two parts of the client key that occur in no other file: one of its encoded form in the kubeconfig, one of its PEM. */
export function kubeconfigSecrets(): string[] {
    const key = readSandboxKubeconfig().users[0]?.user["client-key-data"] ?? "";
    // A line from the middle of the PEM.
    const line = Buffer.from(key, "base64").toString().split("\n")[2] ?? "";
    expect(line).toHaveLength(64);
    return [key.slice(100, 160), line];
}

/** The contents of all files below a folder, by path. */
export function contentsBelow(folder: string): Record<string, string> {
    const files = fs
        .readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
    return Object.fromEntries(files.map((file) => [file, fs.readFileSync(file, "utf8")]));
}

/** The names of the texts that contain one of the secrets. */
export function findLeaks(secrets: readonly string[], texts: Readonly<Record<string, string>>): string[] {
    return Object.entries(texts)
        .filter(([, text]) => secrets.some((secret) => text.includes(secret)))
        .map(([name]) => name);
}
