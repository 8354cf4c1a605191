import { coldStart, get, kubectl, productPage } from "./commands";
import { start, waitForOutput } from "./processes";
import { startSandbox } from "./sharedSandbox";
import { underLoad } from "./underLoad";

/*
 * `npm run up` on a sandbox without the add-ons' images: the page comes first, then what the add-ons need, then the add-ons. The next
 * files use what this one has deployed.
 */

const PAGE_IS_UP = /Bookinfo is up: +http:/;
/** What the sandbox prints when it begins to add the add-ons. */
const ADDS_ADDONS = /Images of the add-ons/;

const namesOf = async (...selection: string[]) =>
    (await kubectl("get", ...selection, "--output=jsonpath={.items[*].metadata.name}")).split(" ").sort();
const deployments = () => namesOf("deployments", "--namespace=istio-system");

beforeAll(() => startSandbox("--no-addons"), coldStart);

it("can be interrupted after the page, which stays", async () => {
    const { child, ended } = start("up", "--rendered");
    await waitForOutput(child, ADDS_ADDONS);
    child.kill("SIGINT");
    const { code, output } = await ended;
    expect({ code, output }).toMatchObject({ code: 130, output: expect.stringContaining("Stopped.") as string });
    expect(output.split(ADDS_ADDONS)[0]).toMatch(PAGE_IS_UP);
    expect(await deployments()).toEqual(["istio-ingressgateway", "istiod"]);
    expect(await get(productPage)).toMatchObject({ status: 200 });
}, 300_000);

it("continues with the same command, which adds the add-ons without a lost request", async () => {
    const { sent, lost } = await underLoad(async () => {
        const { code, output } = await start("up", "--rendered").ended;
        expect({ code, output }).toMatchObject({ code: 0 });
        const [, whilePageIsUp = "", whenAllIsUp] = output.split(PAGE_IS_UP);
        expect(whilePageIsUp).toMatch(/Deployment istio-system\/servicegraph/);
        expect(whenAllIsUp).toContain("Next:");
    });
    expect(await deployments()).toEqual(["istio-ingressgateway", "istiod", "jaeger", "prometheus", "servicegraph"]);
    const wait = ["wait", "--for=condition=Available", "--namespace=istio-system", "--timeout=0s"];
    await kubectl(...wait, ...["jaeger", "prometheus", "servicegraph"].map((name) => `deployment/${name}`));
    expect([sent > 0, lost]).toEqual([true, []]);
}, 300_000);
