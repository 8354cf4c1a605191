import * as fs from "node:fs";
import { live } from "../../../packages/sandbox/paths";
import {
    bookinfoPods,
    coldStart,
    get,
    getFromNode,
    kubectl,
    listObjects,
    npmRun,
    pageIn,
    removeStack,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { nothingDeployed } from "../sharedSandbox";

/*
 * A namespace that enforces the Pod Security level "restricted", without and with Istio's CNI plugin. The tests follow the steps of a
 * user, and each one needs those before it.
 */

const stack = "e2e-restricted";
const level = "pod-security.kubernetes.io/enforce";

/** The sandbox has its CNI plugins elsewhere than other clusters. */
const cni = { cniBinDir: live.cniPlugins, cniConfDir: live.cniConfig };

let before: string[];

beforeAll(async () => {
    before = await nothingDeployed();
    expect(await npmRun("sandbox", "up", "--cni")).toMatchObject({ code: 0 });
    await kubectl("label", "--overwrite", "namespace", "default", `${level}=restricted`);
}, coldStart);

afterAll(async () => {
    await removeStack(stack);
    await kubectl("label", "--overwrite", "namespace", "default", `${level}=privileged`);
}, 120_000);

it("A7: says before anything is touched that the level refuses the pods, and what to do", async () => {
    writeStackFile(stack, { istio: WITHOUT_ADDONS });
    const { code, output } = await npmRun("up", "--stack", stack);
    expect({ code, output }).toMatchObject({
        code: 1,
        output: expect.stringContaining('level "restricted"') as string,
    });
    expect(output).toContain("istio.cni.enabled");
    expect(output).toContain("Nothing was changed.");
    expect(await listObjects()).toEqual(before);
}, 60_000);

describe("A7: with Istio's CNI plugin", () => {
    let page: string;

    it("up succeeds, and the page answers", async () => {
        writeStackFile(stack, { istio: { ...WITHOUT_ADDONS, cni: { enabled: true }, values: { cni } } });
        const up = await npmRun("up", "--stack", stack);
        expect(up).toMatchObject({ code: 0 });
        page = pageIn(up.output);
        expect((await get(page)).body).toContain("The Comedy of Errors");
    }, 180_000);

    it("no pod has a capability, and the plugin redirects its traffic all the same", async () => {
        const pods = await bookinfoPods();
        expect(pods).toHaveLength(6);
        const inits = await kubectl("get", "pods", "--output", "jsonpath={.items[*].spec.initContainers[*].name}");
        expect(inits).toContain("istio-validation");
        expect(inits).not.toContain("istio-init");
        const added = "jsonpath={.items[*].spec['containers','initContainers'][*].securityContext.capabilities.add}";
        expect(await kubectl("get", "pods", "--output", added)).toBe("");
        for (const pod of pods) {
            expect(await getFromNode(`http://${pod.status.podIP}:9080/health`)).toBe("ECONNRESET");
        }
    }, 60_000);

    it("verify is content", async () => {
        const { code, output } = await npmRun("verify", "--stack", stack);
        expect({ code, output }).toMatchObject({
            code: 0,
            output: expect.stringContaining("istio-cni, istio-base") as string,
        });
    }, 120_000);

    it("down removes everything, also from the node", async () => {
        expect(await npmRun("down", "--stack", stack)).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(fs.readdirSync(live.cniPlugins)).toEqual([]);
        expect(fs.readdirSync(live.cniConfig)).toEqual(["10-pods.conflist"]);
        expect(fs.readFileSync(`${live.cniConfig}/10-pods.conflist`, "utf8")).not.toContain("istio");
    }, 120_000);
});
