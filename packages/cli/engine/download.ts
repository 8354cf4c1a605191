/** Downloads of the Pulumi CLI: an archive of one version, whose SHA-256 is in releases.json. No script is run. */
import { createHash } from "node:crypto";
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { outputOf } from "../../shared/childProcess";
import { messageOf } from "../../shared/errors";
import releases from "./releases.json";

/** Longest time for one download, in milliseconds. */
export const DOWNLOAD_TIMEOUT = 5 * 60_000;

/** A released archive, with its SHA-256 by platform, such as `linux-x64`. */
export interface Release {
    version: string;
    url: string;
    sha256: Readonly<Record<string, string>>;
}

export const CLI_RELEASE: Release = releases.cli;

/** The platform of this process, as in names of Pulumi's archives. */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** SHA-256 of the Kubernetes provider's archive for this platform; undefined if it is not known. */
export function providerChecksum(platform = PLATFORM): string | undefined {
    return (releases.kubernetes.sha256 as Record<string, string>)[platform];
}

/**
 * Downloads the CLI with its language hosts into `versions/VERSION/bin` of a folder. Until its SHA-256 is checked, the archive is in a
 * folder that only this user can enter, and nothing of it runs.
 * @param home Pulumi's folder, such as `~/.pulumi`
 * @returns why there is no CLI; undefined if there is one
 */
export async function downloadCli(
    home: string,
    { release = CLI_RELEASE, platform = PLATFORM }: { release?: Release; platform?: string } = {},
    stop?: AbortSignal,
): Promise<string | undefined> {
    const sha256 = release.sha256[platform];
    if (sha256 === undefined) {
        return `no SHA-256 of its release for ${platform} is known: install it yourself (https://www.pulumi.com/docs/install/)`;
    }
    const url = release.url.replaceAll("{version}", release.version).replaceAll("{platform}", platform);
    const versions = path.join(home, "versions");
    mkdirSync(versions, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(path.join(versions, ".download-"));
    try {
        const archive = path.join(folder, "archive");
        const found = await fetchTo(archive, url, stop);
        if (found !== sha256) {
            return `${url} has the SHA-256 ${found}, and ${sha256} is expected`;
        }
        const bin = path.join(folder, "bin");
        mkdirSync(bin);
        await outputOf("tar", ["-xzf", archive, "-C", bin, "--strip-components=1", "--no-same-owner"], { stop });
        rmSync(archive);
        const target = path.join(versions, release.version);
        rmSync(target, { recursive: true, force: true });
        chmodSync(folder, 0o755);
        renameSync(folder, target);
        return undefined;
    } catch (error) {
        stop?.throwIfAborted();
        return messageOf(error);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** @returns the file's SHA-256 */
async function fetchTo(file: string, url: string, stop?: AbortSignal): Promise<string> {
    const signals = [AbortSignal.timeout(DOWNLOAD_TIMEOUT), ...(stop ? [stop] : [])];
    const answer = await fetch(url, { signal: AbortSignal.any(signals) });
    if (!answer.ok || answer.body === null) {
        throw new Error(`${url} answered ${answer.status}`);
    }
    const hash = createHash("sha256");
    const hashing = new Transform({
        transform(chunk: Buffer, _, done) {
            hash.update(chunk);
            done(null, chunk);
        },
    });
    await pipeline(Readable.fromWeb(answer.body), hashing, createWriteStream(file, { flags: "wx", mode: 0o600 }));
    return hash.digest("hex");
}
