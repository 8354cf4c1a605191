import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type HelmValues, mergeValues } from "../../../components/istio/merge";
import { bookinfoVersion, istioVersion } from "../../../packages/sandbox/settings";
import { start } from "../processes";
import {
    coldStart,
    get,
    kubectl,
    npmRun,
    poll,
    PRIVILEGED_NAMESPACE,
    productPage,
    removeStack,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { RATE, underLoad } from "../underLoad";
import { copyCharts, copyImages, nextIstioVersion } from "./nextVersion";
import { nothingDeployed, removeSandbox } from "../sharedSandbox";

/* Changes to a deployment while users request the page. */

const stack = "changing";
const folder = fs.mkdtempSync(path.join(tmpdir(), "changes-"));

/** Jaeger is the only add-on: it is the one that is switched off. */
const ADDONS: HelmValues = { istio: { ...WITHOUT_ADDONS, tracing: { enabled: true } } };

/** The changes so far to this, by section. */
let current: HelmValues = {};

/** Replaces the changes of some sections; those of the others stay. */
function configure(changes: HelmValues): void {
    current = { ...current, ...changes };
    writeStackFile(stack, mergeValues(ADDONS, current));
}

/** Configures the stack and deploys it. */
async function change(changes: HelmValues): Promise<void> {
    configure(changes);
    const { code, output } = await npmRun("up", "--stack", stack);
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
}

/** The images that the pods of an application run; empty without pods. */
const images = (namespace: string, app: string) =>
    kubectl("get", "pods", `--namespace=${namespace}`, `--selector=app=${app}`, "--output=jsonpath={..image}");

beforeAll(async () => {
    await nothingDeployed();
    await change({});
}, coldStart);

afterAll(async () => {
    // Quicker than undoing everything.
    await removeSandbox();
    await removeStack(stack, "--forget");
    fs.rmSync(folder, { recursive: true });
}, 300_000);

it("loses no request when Istio is upgraded by a patch and an add-on is switched off, and when both are undone", async () => {
    const next = nextIstioVersion;
    await copyImages(istioVersion, next);
    copyCharts(next, folder);
    const { sent, lost } = await underLoad(async () => {
        await change({ istio: { version: next, chartRepository: folder, tracing: { enabled: false } } });
        for (const app of ["istiod", "istio-ingressgateway"]) {
            expect(await images("istio-system", app)).toContain(`:${next}`);
        }
        expect(await images("istio-system", "jaeger")).toBe("");
        await change({ istio: {} });
    });
    expect(await images("istio-system", "istiod")).not.toContain(`:${next}`);
    expect(await images("istio-system", "jaeger")).not.toBe("");
    expect([sent > RATE, lost]).toEqual([true, []]);
}, 300_000);

it("loses no request when Bookinfo gets another tag", async () => {
    await copyImages(bookinfoVersion, "next");
    const { lost } = await underLoad(() => change({ bookinfo: { tag: "next" } }));
    expect(await images("default", "productpage")).toContain(":next");
    expect(lost).toEqual([]);
}, 300_000);

it("loses no request when a change is stopped, which the next up undoes", async () => {
    const deployed = () => kubectl("get", "deployments", "--output=jsonpath={..image}");
    const before = await deployed();
    const { lost } = await underLoad(async () => {
        configure({ bookinfo: { tag: "missing" } });
        const up = start("up", "--stack", stack);
        await poll(
            () => kubectl("get", "pods"),
            (pods) => /ErrImagePull|ImagePullBackOff/.test(pods),
        );
        up.child.kill("SIGINT");
        expect(await up.ended).toMatchObject({ code: 130 });
        expect(await deployed()).toContain(":missing");
        await change({ bookinfo: { tag: "next" } });
    });
    expect(await deployed()).toBe(before);
    expect(lost).toEqual([]);
}, 300_000);

it("loses requests for a few seconds at most when Bookinfo moves to another namespace", async () => {
    const { lost } = await underLoad(() =>
        change({ app: { namespace: "bookinfo", namespaceLabels: PRIVILEGED_NAMESPACE } }),
    );
    expect(await kubectl("get", "deployments")).toBe("");
    expect(await get(productPage)).toMatchObject({ status: 200 });
    // The old pods keep serving for a moment, and up does not wait for their end.
    const oldPods = await poll(
        () => images("default", "productpage"),
        (found) => found === "",
        { timeout: 30_000 },
    );
    expect(oldPods).toBe("");
    // The old route is deleted together with its pods, after everything in the new namespace is ready. Mostly no request is lost, but
    // up does not wait until the gateway knows the new route.
    expect(lost.length).toBeLessThan(5 * RATE);
}, 300_000);
