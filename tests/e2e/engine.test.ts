import { describeWithPulumi } from "./engine";
import { coldStart, get, listObjects, npmRun, productPage } from "./commands";
import { nothingDeployed } from "./sharedSandbox";

/* `npm run up` with the Pulumi CLI. lifecycle/goneCluster.test.ts has what it says without the CLI. */

describeWithPulumi("with the Pulumi CLI", () => {
    let before: string[];

    beforeAll(async () => {
        before = await nothingDeployed();
    }, coldStart);

    it("up deploys with the CLI and serves the page", async () => {
        const up = await npmRun("up");
        expect(up).toMatchObject({ code: 0, output: expect.stringMatching(/\+ \d+ created/) as string });
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 600_000);

    it("a second up changes nothing", async () => {
        const { output } = await npmRun("up");
        expect(output).toMatch(/\d+ unchanged/);
        expect(output).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
    }, 300_000);

    it("up does not print the kubeconfig", async () => {
        const { output } = await npmRun("up");
        expect(output).toMatch(/kubeconfig\s*: \[secret\]/);
        expect(output).not.toContain("client-key-data");
    }, 300_000);

    it("down destroys everything and leaves only what was there before", async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 600_000);
});
