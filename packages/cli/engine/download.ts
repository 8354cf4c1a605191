/** Downloads of the Pulumi CLI: an archive of one version, whose SHA-256 is in releases.json. No script is run. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { outputOf } from "../../shared/childProcess";
import { downloadFile } from "../../shared/download";
import { messageOf } from "../../shared/errors";
import releases from "./releases.json";

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
        await downloadFile(url, archive, { sha256, stop });
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
