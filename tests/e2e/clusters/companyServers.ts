/** Servers as a company has them: each wants a password. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { cache, live } from "../../../packages/sandbox/paths";
import { clone, runOnSandbox, sandboxInit } from "../commands";
import { type Login, type LoopbackServer, serve } from "../downloads/releaseHost";
import type { RegistryOrder } from "./registryProcess";

export interface RegistryOnNode {
    /** `127.0.0.1:PORT`. Container runtimes speak plain HTTP with a registry on loopback. */
    host: string;
    close: () => void;
}

/**
 * Starts a registry on the loopback of the sandbox's node, with the images of the sandbox.
 * @param folder for its files
 */
export async function startRegistryOnNode(folder: string, login: Login): Promise<RegistryOnNode> {
    const archives = fs.readdirSync(cache.images).filter((file) => file.endsWith(".tar"));
    const order: RegistryOrder = { archives: archives.map((file) => path.join(cache.images, file)), folder, login };
    const program = path.join(__dirname, "registryProcess.ts");
    const enter = ["--target", String(sandboxInit()), "--net", "--", process.execPath, "--import", "tsx", program];
    const child = spawn("nsenter", enter, { cwd: clone, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify(order));
    const port = await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout }).once("line", resolve);
        child.once("exit", () => {
            reject(new Error("the registry ended"));
        });
    });
    return { host: `127.0.0.1:${port}`, close: () => child.kill() };
}

/**
 * Starts an HTTP repository on this machine's loopback, with the charts of the sandbox.
 * @param folder for its files
 */
export async function startChartRepository(folder: string, login: Login): Promise<LoopbackServer> {
    const charts = ["base", "istiod", "gateway"].map((chart) => path.join(live.charts, chart));
    expect(await runOnSandbox("helm", "package", ...charts, "--destination", folder)).toMatchObject({ code: 0 });
    expect(await runOnSandbox("helm", "repo", "index", folder)).toMatchObject({ code: 0 });
    return serve((url) => {
        const file = path.join(folder, path.basename(url));
        return fs.existsSync(file) && fs.statSync(file).isFile() ? { file } : undefined;
    }, login);
}
