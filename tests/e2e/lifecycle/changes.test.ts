import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { HelmValues } from "../../../components/istio/merge";
import { bookinfoVersion, istioVersion } from "../../../packages/sandbox/settings";
import { start } from "../processes";
import { clone, coldStart, get, kubectl, npmRun, stackFileWith } from "../commands";
import { chartsOf, nextIstioVersion, tagAgain } from "./nextVersion";

/* What is deployed is changed while people look at the page. */

const page = "http://198.51.100.20/productpage";
const stackFile = path.join(clone, "Pulumi.changing.yaml");
const folder = fs.mkdtempSync(path.join(tmpdir(), "changes-"));

/** Requests for each second while something changes. */
const RATE = 10;

/** What is not as in the sandbox's stack file. */
let current: HelmValues = {};

/** Changes some sections of the stack's config, until they are changed again. */
function configure(changes: HelmValues): void {
    current = { ...current, ...changes };
    fs.writeFileSync(stackFile, stackFileWith(current));
}

/** The same, and deploys it. */
async function change(changes: HelmValues): Promise<void> {
    configure(changes);
    const { code, output } = await npmRun("up", "--stack", "changing");
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
}

/** Asks for the page all the time while something is done, and gives what went wrong. */
async function whileAsked(work: () => Promise<void>): Promise<{ asked: number; lost: string[] }> {
    const lost: string[] = [];
    const requests: Promise<void>[] = [];
    const timer = setInterval(() => {
        // Each by a connection of its own, as people who come anew.
        const request = get(page, { headers: { connection: "close" } }).then(
            ({ status }) => {
                if (status !== 200) {
                    lost.push(`answered ${status}`);
                }
            },
            (error: unknown) => {
                lost.push(String(error instanceof Error ? (error.cause ?? error) : error));
            },
        );
        requests.push(request);
    }, 1000 / RATE);
    try {
        await work();
    } finally {
        clearInterval(timer);
        await Promise.all(requests);
    }
    console.log(`${expect.getState().currentTestName ?? ""}: ${requests.length} requests, ${lost.length} lost`);
    return { asked: requests.length, lost };
}

/** What the pods of an application run; empty where there are none. */
const images = (namespace: string, app: string) =>
    kubectl("get", "pods", `--namespace=${namespace}`, `--selector=app=${app}`, "--output=jsonpath={..image}");

beforeAll(async () => {
    expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
    await change({});
}, coldStart);

afterAll(async () => {
    await npmRun("down", "--stack", "changing");
    fs.rmSync(stackFile, { force: true });
    fs.rmSync(folder, { recursive: true });
    await npmRun("sandbox", "down");
}, 300_000);

it("Istio goes up one patch and back, and no request is lost", async () => {
    const next = nextIstioVersion;
    await tagAgain(istioVersion, next);
    const { asked, lost } = await whileAsked(async () => {
        await change({ istio: { version: next, chartRepository: chartsOf(next, folder) } });
        for (const app of ["istiod", "istio-ingressgateway"]) {
            expect(await images("istio-system", app)).toContain(`:${next}`);
        }
        await change({ istio: {} });
    });
    expect(await images("istio-system", "istiod")).not.toContain(`:${next}`);
    expect([asked > RATE, lost]).toEqual([true, []]);
}, 300_000);

it("a switch is turned off and on again, and no request is lost", async () => {
    const { lost } = await whileAsked(async () => {
        await change({ istio: { tracing: { enabled: false } } });
        expect(await images("istio-system", "jaeger")).toBe("");
        await change({ istio: {} });
        expect(await images("istio-system", "jaeger")).not.toBe("");
    });
    expect(lost).toEqual([]);
}, 300_000);

it("Bookinfo gets another tag, and no request is lost", async () => {
    await tagAgain(bookinfoVersion, "next");
    const { lost } = await whileAsked(() => change({ bookinfo: { tag: "next" } }));
    expect(await images("default", "productpage")).toContain(":next");
    expect(lost).toEqual([]);
}, 300_000);

it("a change that is stopped is undone by the next up, and no request is lost", async () => {
    const deployed = () => kubectl("get", "deployments", "--output=jsonpath={..image}");
    const before = await deployed();
    const { lost } = await whileAsked(async () => {
        configure({ bookinfo: { tag: "there-is-none" } });
        const up = start("up", "--stack", "changing");
        while (!(await kubectl("get", "pods")).includes("ImagePullBackOff")) {
            await sleep(200);
        }
        up.child.kill("SIGINT");
        expect(await up.ended).toMatchObject({ code: 130 });
        expect(await deployed()).toContain(":there-is-none");
        await change({ bookinfo: { tag: "next" } });
    });
    expect(await deployed()).toBe(before);
    expect(lost).toEqual([]);
}, 300_000);

it("Bookinfo moves to another namespace, and requests are lost for seconds at most", async () => {
    const { lost } = await whileAsked(() => change({ app: { namespace: "bookinfo" } }));
    expect(await kubectl("get", "deployments")).toBe("");
    expect(await get(page)).toMatchObject({ status: 200 });
    // The old pods serve on for a moment, and nobody waits for that.
    const end = Date.now() + 30_000;
    while ((await images("default", "productpage")) !== "" && Date.now() < end) {
        await sleep(200);
    }
    expect(await images("default", "productpage")).toBe("");
    // The old route goes when its pods do, once all is there in the new namespace: mostly no request is lost, but nobody waits
    // for the gateway to hear of it.
    expect(lost.length).toBeLessThan(5 * RATE);
}, 300_000);
