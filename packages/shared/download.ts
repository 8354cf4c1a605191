import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Longest time without a byte of a file, in milliseconds. */
const STALL_TIMEOUT = 30_000;

export interface DownloadOptions {
    /** SHA-256 that the file must have, as 64 hexadecimal digits. */
    sha256: string;
    /** Where the file really is, such as on a mirror. Errors name the URL all the same. Default: the URL. */
    from?: string;
    /** Called with the number of bytes so far. */
    onBytes?: (sum: number) => void;
    stop?: AbortSignal;
}

/**
 * Downloads a file that only this user can read, and checks its SHA-256.
 * @param target path of a file that does not exist yet
 * @throws Error with the reason, if the file cannot be had, sends nothing for 30 s, or has another hash; then there is no file
 */
export async function downloadFile(
    url: string,
    target: string,
    { sha256, from = url, onBytes, stop }: DownloadOptions,
): Promise<void> {
    const stalled = new AbortController();
    const timer = setTimeout(() => {
        stalled.abort(new Error(`${url} sent nothing for ${STALL_TIMEOUT / 1000} s`));
    }, STALL_TIMEOUT);
    try {
        const answer = await fetch(from, { signal: AbortSignal.any([stalled.signal, ...(stop ? [stop] : [])]) });
        if (!answer.ok || answer.body === null) {
            throw new Error(`${url} answered ${answer.status}`);
        }
        const hash = createHash("sha256");
        let sum = 0;
        const hashing = new Transform({
            transform(chunk: Buffer, _, done) {
                timer.refresh();
                hash.update(chunk);
                sum += chunk.length;
                onBytes?.(sum);
                done(null, chunk);
            },
        });
        const file = fs.createWriteStream(target, { flags: "wx", mode: 0o600 });
        await pipeline(Readable.fromWeb(answer.body), hashing, file);
        const found = hash.digest("hex");
        if (found !== sha256) {
            throw new Error(`${url} has the SHA-256 ${found}, and ${sha256} is expected`);
        }
    } catch (error) {
        fs.rmSync(target, { force: true });
        throw error;
    } finally {
        clearTimeout(timer);
    }
}
