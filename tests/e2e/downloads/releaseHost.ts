import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { architecture } from "../../../packages/sandbox/settings";
import { familyDirectory } from "../../../packages/sandbox/toolchain/toolchain";
import pins from "../../../packages/sandbox/toolchain/releases.json";

const forArchitecture = (text: string) => text.replaceAll("{arch}", architecture);

type Family = Parameters<typeof familyDirectory>[0];

/** A server on loopback. */
export interface LoopbackServer {
    url: string;
    /** The path of each request so far, without those that were refused. */
    requests: string[];
    close: () => void;
}

/** The user that a server wants, and the password. */
export interface Login {
    username: string;
    password: string;
}

/**
 * Starts a server on loopback that answers GET and HEAD with files.
 * @param login of HTTP's basic authentication. Default: the server wants none
 */
export async function serve(find: (url: string) => { file: string; type?: string } | undefined, login?: Login) {
    const authorization = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    const requests: string[] = [];
    const server: Server = createServer((request, response) => {
        const url = request.url ?? "";
        if (authorization !== undefined && request.headers.authorization !== authorization) {
            response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
            return;
        }
        requests.push(url);
        const found = find(url);
        if (!found) {
            response.writeHead(404).end();
            return;
        }
        const length = fs.statSync(found.file).size;
        response.writeHead(200, { "content-length": length, "content-type": found.type ?? "application/octet-stream" });
        if (request.method === "HEAD") {
            response.end();
        } else {
            fs.createReadStream(found.file).pipe(response);
        }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = () => {
        server.closeAllConnections();
        server.close();
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

/**
 * Packs the sandbox's programs as the projects publish theirs.
 * @param folder where the files go, under their host and path
 * @returns releases.json with the hashes of these files
 */
export function packReleases(folder: string): object {
    const packed = Object.entries(pins).map(([family, files]) => [
        family,
        files.map((pin) => {
            const target = path.join(folder, forArchitecture(pin.url).replace("https://", ""));
            fs.mkdirSync(path.dirname(target), { recursive: true });
            pack(family as Family, pin.programs, target);
            const sha256 = createHash("sha256").update(fs.readFileSync(target)).digest("hex");
            return { ...pin, sha256: { amd64: sha256, arm64: sha256 } };
        }),
    ]);
    return Object.fromEntries(packed) as object;
}

function pack(family: Family, programs: object, target: string): void {
    const entries = Object.entries(programs) as [string, string][];
    const source = (program: string) => fs.realpathSync(path.join(familyDirectory(family), program));
    const [[only, inArchive] = ["", ""]] = entries;
    if (inArchive === "") {
        fs.copyFileSync(source(only), target);
        return;
    }
    const content = fs.mkdtempSync(path.join(os.tmpdir(), "release-"));
    for (const [program, file] of entries) {
        const place = path.join(content, forArchitecture(file));
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.copyFileSync(source(program), place);
    }
    // The fastest compression, because this only has to be an archive.
    execFileSync("tar", ["--create", "--use-compress-program=gzip -1", "--file", target, "--directory", content, "."]);
    fs.rmSync(content, { recursive: true });
}
