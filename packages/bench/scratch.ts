import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";

/** Gives a new folder to work in, and removes it in the end, whatever comes. */
export async function withScratch<T>(parent: string, use: (scratch: string) => Promise<T>): Promise<T> {
    const scratch = mkdtempSync(path.join(parent, "bookinfo-mesh-bench-"));
    try {
        return await use(scratch);
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}
