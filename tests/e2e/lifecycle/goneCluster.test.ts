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
import { hasEngine, stateFolder } from "../engine";
import { adoptSandbox, deployed } from "../sharedSandbox";

/* up and down after the cluster was deleted, with everything in it. */

/** A stack on the sandbox with another kubeconfig, which outlives the sandbox: the commands take it for any other cluster. */
const stack = "gone";
const folder = fs.mkdtempSync(path.join(tmpdir(), "gone-cluster-"));

const kubeconfig = path.join(folder, "kubeconfig");

const sandbox = async (...command: string[]) => {
    expect(await npmRun("sandbox", ...command)).toMatchObject({ code: 0 });
};

/** Everything that the commands know, kept by the name of a folder. */
const keepState = (name: string) => {
    fs.cpSync(stateFolder, path.join(folder, name), { recursive: true });
};
const restoreState = (name: string) => {
    fs.rmSync(stateFolder, { recursive: true });
    fs.cpSync(path.join(folder, name), stateFolder, { recursive: true });
};

afterAll(() => {
    fs.rmSync(stackFile(stack), { force: true });
    fs.rmSync(folder, { recursive: true });
});

/** The objects of an empty sandbox. */
let before: string[];

beforeAll(async () => {
    before = await deployed();
    await sandbox("down");
}, coldStart);

describe("a deleted sandbox", () => {
    it("does not keep down waiting", async () => {
        keepState("deployed");
        const { code, output } = await npmRun("down");
        expect(output).toContain('The cluster of stack "local" counts as gone');
        expect(code).toBe(0);
        expect((await npmRun("down")).output).toContain('Nothing is deployed for stack "local".');
        restoreState("deployed");
    }, 300_000);
});

describe("any other cluster that no longer answers", () => {
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
});

describe("a new sandbox in place of the deleted one", () => {
    it("is started by up", async () => {
        const { code, output } = await npmRun("up");
        expect(output).toContain("The sandbox cluster of the last deployment is gone; starting again.");
        if (!hasEngine) {
            expect(output).toMatch(/^.*Pulumi.* cannot be downloaded(: .*)?\. Applying what the program renders.*$/m);
        }
        expect(code).toBe(0);
        expect(await get(productPage)).toMatchObject({ status: 200 });
        adoptSandbox(before);
    }, 600_000);

    it("is not taken for the other cluster, even if its context is the same", async () => {
        fs.copyFileSync(sandboxKubeconfig, kubeconfig);
        for (const command of ["up", "down"]) {
            const { code, output } = await npmRun(command, "--stack", stack);
            expect(output).toMatch(/another cluster(.|\n)*npm run down -- --stack gone --forget/);
            expect(code).toBe(1);
        }
    }, 120_000);

    it("stays as it is when the other cluster is forgotten by down --forget", async () => {
        const { code, output } = await npmRun("down", "--stack", stack, "--forget");
        expect(output).toContain('The cluster of stack "gone" counts as gone');
        expect(code).toBe(0);
        expect((await npmRun("down", "--stack", stack)).output).toContain('Nothing is deployed for stack "gone".');
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 60_000);
});
