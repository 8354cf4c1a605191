import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { execFileSync } from "node:child_process";
import { type Artifact, artifactDirectory, buildArtifact, isDownloadable, provenanceOf } from "./artifacts";
import { cache } from "../paths";
import { architecture } from "../settings";
import { download, isReachable, type Pin, releaseOf } from "./releases";
import pins from "./releases.json";
import { goFamilies } from "./goFamilies";

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

let folder: string;
let server: Server;
/** What the release host has, by path. */
let files: Record<string, Buffer>;
beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "releases-"));
    files = {};
    server = createServer((request, response) => {
        const file = files[request.url ?? ""];
        response.writeHead(file ? 200 : 404).end(request.method === "HEAD" ? undefined : file);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    process.env.SANDBOX_RELEASES = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(() => {
    delete process.env.SANDBOX_RELEASES;
    server.closeAllConnections();
    server.close();
    fs.rmSync(folder, { recursive: true });
});

/** A release with a bare program and an archive, as projects publish them. */
function publish(): Record<string, Pin[]> {
    const tool = Buffer.from("#!/bin/sh\necho the tool\n");
    fs.mkdirSync(path.join(folder, "source", "bin"), { recursive: true });
    fs.writeFileSync(path.join(folder, "source", "bin", "server"), "#!/bin/sh\necho the server\n");
    const archive = path.join(folder, "server.tgz");
    execFileSync("tar", ["--create", "--gzip", "--file", archive, "--directory", path.join(folder, "source"), "./bin"]);
    files[`/example.org/v1/tool-${architecture}`] = tool;
    files["/example.org/v1/server.tgz"] = fs.readFileSync(archive);
    const of = (content: Buffer) => ({ [architecture]: sha256(content) });
    return {
        example: [
            { url: "https://example.org/v1/tool-{arch}", sha256: of(tool), programs: { tool: "" } },
            {
                url: "https://example.org/v1/server.tgz",
                sha256: of(fs.readFileSync(archive)),
                programs: { server: "bin/server" },
            },
        ],
    };
}

const target = () => {
    const directory = path.join(folder, "target");
    fs.mkdirSync(directory);
    return directory;
};

describe("a release", () => {
    it("is downloaded, and its programs can run", async () => {
        const release = releaseOf("example", publish());
        expect(await isReachable(release)).toBe(true);
        const directory = target();
        await download(release, directory, () => undefined);
        expect(fs.readdirSync(directory).sort()).toEqual(["server", "tool"]);
        for (const program of ["server", "tool"]) {
            expect(execFileSync(path.join(directory, program), { encoding: "utf8" })).toBe(`the ${program}\n`);
        }
    });

    it("with another SHA-256 is refused, and nothing of it stays", async () => {
        const release = releaseOf("example", publish());
        files["/example.org/v1/server.tgz"] = Buffer.from("something else");
        const directory = target();
        await expect(download(release, directory, () => undefined)).rejects.toThrow(
            /server\.tgz has the SHA-256 [0-9a-f]{64}, and [0-9a-f]{64} is expected/,
        );
        expect(fs.readdirSync(directory)).toEqual(["tool"]);
    });

    it("without the file of a program is refused", async () => {
        const published = publish();
        const release = releaseOf("example", {
            example: (published.example ?? []).slice(1).map((pin) => ({ ...pin, programs: { x: "bin/x" } })),
        });
        await expect(download(release, target(), () => undefined)).rejects.toThrow("server.tgz contains no bin/x");
    });

    it("that is not pinned for this architecture does not exist", () => {
        const [tool] = publish().example ?? [];
        const elsewhere = { sha256: { riscv64: "0".repeat(64) }, url: tool?.url ?? "", programs: tool?.programs ?? {} };
        expect(releaseOf("example", { example: [elsewhere] })).toEqual([]);
        expect(releaseOf("unknown", publish())).toEqual([]);
    });

    it("of a host that does not answer is not reachable", async () => {
        process.env.SANDBOX_RELEASES = "http://127.0.0.1:1";
        expect(await isReachable(releaseOf("example", publish()))).toBe(false);
        expect(await isReachable([])).toBe(false);
    });
});

describe("an artifact", () => {
    const artifacts = cache.artifacts;
    const redirected = cache as { artifacts: string };
    beforeEach(() => {
        redirected.artifacts = path.join(folder, "artifacts");
    });
    afterEach(() => {
        redirected.artifacts = artifacts;
    });

    /** An artifact whose release is {@link publish}'s. Its build writes a file. */
    function artifactOf(name: string): Artifact {
        return {
            name,
            title: name,
            builtFrom: [],
            tools: ["go"],
            release: releaseOf("example", publish()),
            build: (directory) => {
                fs.writeFileSync(path.join(directory, "built"), "");
                return Promise.resolve();
            },
        };
    }
    const content = (artifact: Artifact) => fs.readdirSync(artifactDirectory(artifact)).sort();

    it("is downloaded if the host answers", async () => {
        const artifact = artifactOf("downloaded");
        expect(await isDownloadable(artifact)).toBe(true);
        await buildArtifact(artifact, () => undefined);
        expect(content(artifact)).toEqual(["provenance.json", "server", "tool"]);
        expect(provenanceOf(artifact)).toMatchObject({ origin: "released" });
    });

    it("is built, with a message, if the release is not the pinned one", async () => {
        const shown = jest.spyOn(console, "error").mockImplementation();
        const artifact = artifactOf("falsified");
        files["/example.org/v1/server.tgz"] = Buffer.from("something else");
        await buildArtifact(artifact, () => undefined);
        expect(content(artifact)).toEqual(["built", "provenance.json"]);
        expect(provenanceOf(artifact)).toMatchObject({ origin: "built" });
        expect(shown).toHaveBeenCalledWith(
            expect.stringMatching(/^The release of falsified cannot be used: .* is expected\. It is built instead\.$/),
        );
        shown.mockRestore();
    });
});

describe("releases.json", () => {
    const families: Record<string, { programs: Record<string, string> }> = goFamilies;

    it.each(Object.entries(pins))("has each program of %s once, with hashes for both architectures", (name, files) => {
        const programs = files.flatMap((file) => Object.keys(file.programs));
        expect(programs.sort()).toEqual(Object.keys(families[name]?.programs ?? {}).sort());
        for (const { url, sha256 } of files) {
            expect(url).toMatch(/^https:\/\/.*\{arch\}/);
            expect(sha256).toEqual({
                amd64: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
                arm64: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
            });
        }
    });

    it("pins the versions that would be built", () => {
        const goMod = fs.readFileSync(path.join(goFamilies.etcd.module, "go.mod"), "utf8");
        const versions: Record<string, RegExp> = {
            runc: /opencontainers\/runc v(\S+)/,
            cni: /containernetworking\/plugins v(\S+)/,
            etcd: /etcd\/server\/v3 v(\S+)/,
            containerd: /containerd\/containerd\/v2 v(\S+)/,
            kubernetes: /k8s\.io\/kubernetes v(\S+)/,
            coredns: /coredns\/coredns v(\S+)/,
            helm: /helm\.sh\/helm\/v3 v(\S+)/,
            prometheus: /prometheus\/prometheus v0\.3(\S+)/,
        };
        expect(Object.keys(versions).sort()).toEqual(Object.keys(pins).sort());
        for (const [name, files] of Object.entries(pins)) {
            const version = versions[name]?.exec(goMod)?.[1] ?? "missing";
            for (const { url } of files) {
                expect(url).toContain(name === "prometheus" ? `3.${version}` : version);
            }
        }
    });
});
