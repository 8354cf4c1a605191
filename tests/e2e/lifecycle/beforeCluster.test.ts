import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { live } from "../../../packages/sandbox/paths";
import { changesIn, describeWithPulumi, pulumiOn } from "../engine";
import { coldStart, stackFile, writeStackFile } from "../commands";
import { nothingDeployed } from "../sharedSandbox";

/* `pulumi preview` of an empty stack, before there is a cluster that answers. */

const stack = "before";
const folder = fs.mkdtempSync(path.join(tmpdir(), "before-cluster-"));
const workspace = path.join(folder, "workspace");
const kubeconfig = path.join(folder, "kubeconfig");
const charts = path.join(folder, "charts");
const pulumi = pulumiOn(stack, folder);

/** A kubeconfig whose API server does not answer: nothing listens on port 9. */
const unreachable = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "later", cluster: { server: "https://127.0.0.1:9" } }],
    users: [{ name: "later", user: { token: "none" } }],
    contexts: [{ name: "later", context: { cluster: "later", user: "later" } }],
};

function configure(file: string): void {
    writeStackFile(stack, { cluster: { path: file, context: "later" }, istio: { chartRepository: charts } }, workspace);
}

describeWithPulumi("preview of an empty stack", () => {
    beforeAll(async () => {
        // The sandbox is needed for Istio's charts only.
        await nothingDeployed();
        fs.cpSync(live.charts, charts, { recursive: true });
        fs.mkdirSync(path.join(folder, "pulumi"));
        fs.mkdirSync(workspace);
        fs.writeFileSync(path.join(folder, "passphrase"), "only of this test");
        fs.writeFileSync(kubeconfig, stringify(unreachable));
        expect(await pulumi("stack init", "--no-select")).toMatchObject({ code: 0 });
    }, coldStart);

    afterAll(() => {
        fs.rmSync(folder, { recursive: true });
        // The CLI writes the key of the new stack's secrets there.
        fs.rmSync(stackFile(stack), { force: true });
    });

    it("shows all that will be created, without error or warning, if the API server does not answer", async () => {
        configure(kubeconfig);
        const preview = await pulumi("preview", "--json");
        expect(preview).toMatchObject({
            code: 0,
            output: expect.not.stringMatching(/"severity": ?"(warning|error)"/) as string,
        });
        const operations = changesIn(preview).map(({ op }) => op);
        expect(new Set(operations)).toEqual(new Set(["create"]));
        expect(operations.length).toBeGreaterThan(40);
        const shown = await pulumi("preview");
        expect(shown).toMatchObject({ code: 0, output: expect.not.stringMatching(/warning|error/i) as string });
        expect(shown.output).toMatch(/kubeconfig +: \[secret\]/);
    }, 120_000);

    it("names the config key if there is no kubeconfig yet", async () => {
        configure(path.join(folder, "none"));
        const { code, output } = await pulumi("preview");
        expect(code).not.toBe(0);
        expect(output).toMatch(/cluster\.path = ".+\/none": there is no file/);
        expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    }, 60_000);
});
