import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { sandboxKubeconfig } from "../commands";

/** How the key of the sandbox's kubeconfig reads in it, and what that decodes to; of each a part that no other file has. */
export function kubeconfigSecrets(): string[] {
    const { users } = parse(fs.readFileSync(sandboxKubeconfig, "utf8")) as {
        users: { user: Record<string, string> }[];
    };
    const key = users[0]?.user["client-key-data"] ?? "";
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

/** The names of those texts that hold one of the secrets. */
export function telling(secrets: readonly string[], texts: Readonly<Record<string, string>>): string[] {
    return Object.entries(texts)
        .filter(([, text]) => secrets.some((secret) => text.includes(secret)))
        .map(([name]) => name);
}
