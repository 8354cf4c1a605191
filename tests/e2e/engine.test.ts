import { describeEngine, describeNoEngine } from "./engine";
import { coldStart, get, listObjects, npmRun } from "./commands";

/* The way by the Pulumi CLI, where there is one; and what is said where there is none. */

const page = "http://198.51.100.20/productpage";

let before: string[];

beforeAll(async () => {
    expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
    before = await listObjects();
}, coldStart);

afterAll(async () => {
    await npmRun("down");
}, 300_000);

describeEngine("with the Pulumi CLI", () => {
    it("up deploys by it and serves the page", async () => {
        const up = await npmRun("up");
        expect(up).toMatchObject({ code: 0, output: expect.stringMatching(/\+ \d+ created/) as string });
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 600_000);

    it("up again changes nothing", async () => {
        const { output } = await npmRun("up");
        expect(output).toMatch(/\d+ unchanged/);
        expect(output).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
    }, 300_000);

    it("shows the kubeconfig nowhere", async () => {
        const { output } = await npmRun("up");
        expect(output).toMatch(/kubeconfig\s*: \[secret\]/);
        expect(output).not.toContain("client-key-data");
    }, 300_000);

    it("down destroys it, and leaves nothing that was not there before", async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 600_000);
});

describeNoEngine("without the Pulumi CLI (skipped where there is one)", () => {
    it("up says so in one line, and serves the page all the same", async () => {
        const { code, output } = await npmRun("up");
        expect(code).toBe(0);
        expect(output).toMatch(/^.*Pulumi.* cannot be downloaded: applying what the program renders.*$/m);
        expect(await get(page)).toMatchObject({ status: 200 });
    }, 600_000);
});
