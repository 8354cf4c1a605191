import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cache } from "../../../packages/sandbox/paths";
import { isBuilt } from "../../../packages/sandbox/toolchain/artifacts";
import { clusterArtifacts, imageArtifacts } from "../../../packages/sandbox/toolchain/toolchain";
import { clone, coldStart, COMMAND, get, npmRun, productPage, runCommand } from "../commands";
import { startRegistry } from "./registry";
import { type LoopbackServer, packReleases, serve } from "./releaseHost";

/*
 * A machine that reaches a registry and the projects' release hosts. Both are servers on loopback. They have the programs and
 * images of this machine, in the form of the real ones. A copy of the clone has their hashes in its releases.json.
 */

let folder: string;
let copy: string;
let releases: LoopbackServer;
let registry: LoopbackServer;
let up: { code: number; output: string };
let goCalls: string[];

/** Environment of a new user whose Go writes down what it is called for. */
function environment(): NodeJS.ProcessEnv {
    const bin = path.join(folder, "bin");
    const go = execFileSync("which", ["go"], { encoding: "utf8" }).trim();
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, "go"), `#!/bin/sh\necho "$*" >>"${folder}/go-calls"\nexec "${go}" "$@"\n`, {
        mode: 0o755,
    });
    return {
        PATH: `${bin}:${process.env.PATH ?? ""}`,
        XDG_CACHE_HOME: path.join(folder, "cache"),
        SANDBOX_RELEASES: releases.url,
        SANDBOX_REGISTRY: registry.url,
    };
}

let env: NodeJS.ProcessEnv;
const inCopy = (...args: string[]) => runCommand(process.execPath, [path.join(copy, COMMAND), ...args], env);

/** The archives of images that this machine has. */
const archives = () =>
    (fs.existsSync(cache.images) ? fs.readdirSync(cache.images) : []).filter((file) => file.endsWith(".tar"));

/** Makes the programs and images that the servers have, unless an earlier sandbox has left them. */
async function makeAll(): Promise<void> {
    const hasImages = (stage: string) => archives().some((file) => file.startsWith(`assembled-${stage}-`));
    if (![...clusterArtifacts, ...imageArtifacts].every(isBuilt) || !["page", "addons"].every(hasImages)) {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
    }
    expect(await npmRun("sandbox", "down")).toMatchObject({ code: 0 });
}

beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "downloads-"));
    await makeAll();

    copy = path.join(folder, "clone");
    const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
        cwd: clone,
        encoding: "utf8",
    });
    for (const file of tracked
        .trim()
        .split("\n")
        .filter((file) => fs.existsSync(path.join(clone, file)))) {
        fs.cpSync(path.join(clone, file), path.join(copy, file));
    }
    fs.symlinkSync(path.join(clone, "node_modules"), path.join(copy, "node_modules"));
    const published = path.join(folder, "releases");
    const pins = path.join(copy, "packages", "sandbox", "toolchain", "releases.json");
    fs.writeFileSync(pins, JSON.stringify(packReleases(published)));
    releases = await serve((url) => {
        const file = path.join(published, url);
        return fs.existsSync(file) && fs.statSync(file).isFile() ? { file } : undefined;
    });
    registry = await startRegistry(
        archives().map((file) => path.join(cache.images, file)),
        path.join(folder, "registry"),
    );
    env = environment();

    up = await inCopy("up", "--rendered");
    goCalls = fs.existsSync(`${folder}/go-calls`)
        ? fs.readFileSync(`${folder}/go-calls`, "utf8").trim().split("\n")
        : [];
}, coldStart);

afterAll(async () => {
    // What was deployed goes with it.
    await inCopy("sandbox", "down");
    releases.close();
    registry.close();
    fs.rmSync(folder, { recursive: true, force: true });
}, 120_000);

it("the page answers, with every add-on", async () => {
    expect(up).toMatchObject({ code: 0 });
    expect((await get(productPage)).status).toBe(200);
    expect(up.output).toMatch(/Deployment istio-system\/prometheus/);
});

it("no program of others is compiled", () => {
    const origins = fs.readdirSync(path.join(folder, "cache", "bookinfo-mesh", "artifacts")).map((name) => {
        const file = path.join(folder, "cache", "bookinfo-mesh", "artifacts", name, "provenance.json");
        const { origin } = JSON.parse(fs.readFileSync(file, "utf8")) as { origin: string };
        return [name.replace(/-[0-9a-f]+$/, ""), origin];
    });
    // Debian's packages and Istio's charts are downloaded too, by apt-get and as a Go module. The stand-in is this project's.
    expect(Object.fromEntries(origins)).toEqual({
        ...Object.fromEntries(
            ["runc", "cni", "etcd", "containerd", "kubernetes", "coredns", "helm"].map((name) => [name, "released"]),
        ),
        bookinfo: "built",
        debian: "built",
        "istio-files": "built",
    });
    expect(goCalls.filter((call) => call.startsWith("build"))).toEqual([
        expect.stringMatching(/ bookinfo-mesh\/sandbox\/bookinfo bookinfo-mesh\/sandbox\/bookinfo\/cmd\/pause$/),
    ]);
});

it("every image is pulled that the registry serves, and the others are named", () => {
    expect(up.output).toMatch(/Images: \d+ pulled$/m);
    expect(up.output).toMatch(/Images of the add-ons: 3 pulled; absent, because they can only be pulled: grafana/);
    expect(registry.requests).toEqual(
        expect.arrayContaining([expect.stringMatching(/^\/v2\/istio\/pilot\/manifests\//)]),
    );
});
