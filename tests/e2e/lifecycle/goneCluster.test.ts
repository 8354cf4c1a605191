import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import {
    coldStart,
    get,
    npmRun,
    productPage,
    sandboxKubeconfig,
    stackFile,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { deployed, startSandbox } from "../sharedSandbox";

/* up and down after the cluster was deleted, with everything in it. */

/** A stack on the sandbox with another kubeconfig, which outlives the sandbox: the commands take it for any other cluster. */
const stack = "gone";
const folder = fs.mkdtempSync(path.join(tmpdir(), "gone-cluster-"));

const sandbox = async (...command: string[]) => {
    expect(await npmRun("sandbox", ...command)).toMatchObject({ code: 0 });
};

afterAll(() => {
    fs.rmSync(stackFile(stack), { force: true });
    fs.rmSync(folder, { recursive: true });
});

describe("a deleted sandbox", () => {
    beforeAll(async () => {
        await deployed();
        await sandbox("down");
    }, coldStart);

    it("is started again by up", async () => {
        const { code, output } = await npmRun("up");
        expect(output).toContain("The sandbox cluster of the last deployment is gone; starting again.");
        expect(code).toBe(0);
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 600_000);

    it("does not keep down waiting", async () => {
        await sandbox("down");
        const { code, output } = await npmRun("down");
        expect(output).toContain('The cluster of stack "local" counts as gone');
        expect(code).toBe(0);
        expect((await npmRun("down")).output).toContain('Nothing is deployed for stack "local".');
    }, 300_000);
});

describe("any other cluster that no longer answers", () => {
    const kubeconfig = path.join(folder, "kubeconfig");

    beforeAll(async () => {
        await sandbox("up", "--no-addons");
        fs.copyFileSync(sandboxKubeconfig, kubeconfig);
        writeStackFile(stack, { cluster: { path: kubeconfig }, istio: WITHOUT_ADDONS });
        expect(await npmRun("up", "--stack", stack)).toMatchObject({ code: 0 });
        await sandbox("down");
        // Without the sandbox, its address may lead anywhere. Here nothing listens.
        const gone = fs.readFileSync(kubeconfig, "utf8").replace(/server: .+/, "server: https://127.0.0.1:9");
        fs.writeFileSync(kubeconfig, gone);
    }, 600_000);

    it("is not taken for gone by down, which says how to forget it", async () => {
        const { code, output } = await npmRun("down", "--stack", stack);
        expect(output).toMatch(/does not answer(.|\n)*If it is gone for good.*: npm run down -- --stack gone --forget/);
        expect(code).toBe(1);
    }, 60_000);

    it("is not taken for gone if the kubeconfig no longer has the context", async () => {
        fs.writeFileSync(kubeconfig, "{apiVersion: v1, kind: Config}");
        const { code, output } = await npmRun("down", "--stack", stack);
        expect(output).toMatch(/has no such context(.|\n)*If it is gone for good.*--stack gone --forget/);
        expect(code).toBe(1);
    }, 60_000);

    it("is not taken for gone if the context now leads to another cluster", async () => {
        await startSandbox();
        fs.copyFileSync(sandboxKubeconfig, kubeconfig);
        for (const command of ["up", "down"]) {
            const { code, output } = await npmRun(command, "--stack", stack);
            expect(output).toMatch(/another cluster(.|\n)*npm run down -- --stack gone --forget/);
            expect(code).toBe(1);
        }
    }, 120_000);

    it("is forgotten by down --forget", async () => {
        const { code, output } = await npmRun("down", "--stack", stack, "--forget");
        expect(output).toContain('The cluster of stack "gone" counts as gone');
        expect(code).toBe(0);
        expect((await npmRun("down", "--stack", stack)).output).toContain('Nothing is deployed for stack "gone".');
    }, 60_000);
});
