import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { clone, coldStart, get, npmRun, sandboxKubeconfig, stackFileWith } from "../commands";

/* A cluster that is gone, with all that was deployed to it, keeps nobody from going on. */

const page = "http://198.51.100.20/productpage";
const folder = fs.mkdtempSync(path.join(tmpdir(), "gone-cluster-"));
/** A stack whose cluster is the sandbox, but is not known as such: its kubeconfig outlives it. */
const stackFile = path.join(clone, "Pulumi.gone.yaml");

const sandbox = async (command: "up" | "down") => {
    expect(await npmRun("sandbox", command)).toMatchObject({ code: 0 });
};

beforeAll(() => sandbox("up"), coldStart);

afterAll(async () => {
    fs.rmSync(stackFile, { force: true });
    fs.rmSync(folder, { recursive: true });
    await npmRun("down");
}, 300_000);

describe("a sandbox that is gone", () => {
    beforeAll(async () => {
        expect(await npmRun("up")).toMatchObject({ code: 0 });
        await sandbox("down");
    }, 600_000);

    it("is replaced by up", async () => {
        const { code, output } = await npmRun("up");
        expect(output).toContain("The sandbox cluster of the last deployment is gone; starting afresh.");
        expect(code).toBe(0);
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 600_000);

    it("is nothing that down waits for", async () => {
        await sandbox("down");
        const { code, output } = await npmRun("down");
        expect(output).toContain('The cluster of stack "local" is taken for gone');
        expect(code).toBe(0);
        expect((await npmRun("down")).output).toContain('Nothing is deployed for stack "local".');
    }, 300_000);
});

describe("any other cluster that does not answer any more", () => {
    const kubeconfig = path.join(folder, "kubeconfig");

    beforeAll(async () => {
        await sandbox("up");
        fs.copyFileSync(sandboxKubeconfig, kubeconfig);
        fs.writeFileSync(stackFile, stackFileWith({ cluster: { path: kubeconfig } }));
        expect(await npmRun("up", "--stack", "gone")).toMatchObject({ code: 0 });
        await sandbox("down");
        // Where the sandbox's address leads without it, nobody knows; here nothing listens.
        const gone = fs.readFileSync(kubeconfig, "utf8").replace(/server: .+/, "server: https://127.0.0.1:9");
        fs.writeFileSync(kubeconfig, gone);
    }, 600_000);

    it("is not taken for gone by down, which says how it is", async () => {
        const { code, output } = await npmRun("down", "--stack", "gone");
        expect(output).toMatch(/does not answer(.|\n)*If it is gone for good.*: npm run down -- --stack gone --forget/);
        expect(code).toBe(1);
    }, 60_000);

    it("is not taken for gone where the kubeconfig has no such context any more", async () => {
        fs.writeFileSync(kubeconfig, "{apiVersion: v1, kind: Config}");
        const { code, output } = await npmRun("down", "--stack", "gone");
        expect(output).toMatch(/has no such context(.|\n)*If it is gone for good.*--stack gone --forget/);
        expect(code).toBe(1);
    }, 60_000);

    it("is not taken for gone where the context leads to another cluster by now", async () => {
        await sandbox("up");
        fs.copyFileSync(sandboxKubeconfig, kubeconfig);
        for (const command of ["up", "down"]) {
            const { code, output } = await npmRun(command, "--stack", "gone");
            expect(output).toMatch(/another cluster(.|\n)*npm run down -- --stack gone --forget/);
            expect(code).toBe(1);
        }
    }, 120_000);

    it("is forgotten by down --forget", async () => {
        const { code, output } = await npmRun("down", "--stack", "gone", "--forget");
        expect(output).toContain('The cluster of stack "gone" is taken for gone');
        expect(code).toBe(0);
        expect((await npmRun("down", "--stack", "gone")).output).toContain('Nothing is deployed for stack "gone".');
    }, 60_000);
});
