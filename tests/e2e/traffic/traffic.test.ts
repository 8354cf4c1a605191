import type { HelmValues } from "../../../components/istio/merge";
import { EVERY_SETTING_OF_TRAFFIC } from "../../../packages/bench/mesh";
import type { LoadSummary } from "../../../packages/cli/load/summary";
import { missingOn, reviewsOn } from "../../../packages/cli/load/reviews";
import {
    coldStart,
    get,
    listObjects,
    npmRun,
    productPage,
    removeStack,
    runOnSandbox,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { changesIn, hasEngine, pulumiOn } from "../engine";
import { nothingDeployed } from "../sharedSandbox";
import { underLoad } from "../underLoad";

/*
 * What `bookinfo.traffic` does to requests, and that no change of it loses one. The tests follow each other on one deployment. What each
 * setting does alone is in the lessons of the course (course.test.ts).
 */

const stack = "e2e-traffic";

let before: string[];

/** Deploys the stack with these settings of traffic, in place of those before. */
async function route(traffic: HelmValues): Promise<void> {
    writeStackFile(stack, { istio: WITHOUT_ADDONS, bookinfo: { traffic } });
    const { code, output } = await npmRun("up", "--stack", stack);
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
}

/** The summary of a load, and its exit code. */
async function load(...options: string[]): Promise<LoadSummary & { code: number }> {
    const { code, stdout } = await npmRun("load", "--stack", stack, "--json", "--concurrency", "8", ...options);
    return { ...(JSON.parse(stdout) as LoadSummary), code };
}

/** Whether everything that the config asks for was seen. */
const isAsAsked = ({ asked = [] }: LoadSummary) =>
    asked.every(({ seen, least, most }) => seen >= least && seen <= most) || asked;

beforeAll(async () => {
    before = await nothingDeployed();
    expect(await npmRun("sandbox", "up", "--istioctl")).toMatchObject({ code: 0 });
    await route({});
}, coldStart);

afterAll(() => removeStack(stack), 120_000);

it("aborts some answers of one service, and all for one user", async () => {
    await route({
        details: { abort: { status: 500, percent: 20 } },
        ratings: { abort: { status: 503, users: ["jason"] } },
    });
    const all = await load("--requests", "400");
    expect(isAsAsked(all)).toBe(true);
    expect(Object.keys(all.missing)).toEqual(["details"]);
    const jason = await load("--requests", "60", "--user", "jason");
    expect(isAsAsked(jason)).toBe(true);
    expect(jason.missing.ratings).toBe((jason.reviews.v2 ?? 0) + (jason.reviews.v3 ?? 0));
}, 180_000);

it("delays some requests, which their pages show", async () => {
    await route({ details: { delay: { for: "1s", percent: 30 } } });
    const all = await load("--requests", "100");
    expect(all.asked).toMatchObject([{ what: "delayed by details", percent: 30, of: 100 }]);
    expect(isAsAsked(all)).toBe(true);
}, 180_000);

it("is accepted by istioctl analyze, with everything set", async () => {
    await route(EVERY_SETTING_OF_TRAFFIC);
    const { output } = await runOnSandbox(
        "istioctl",
        "analyze",
        "--namespace",
        "default",
        "--failure-threshold",
        "Warning",
    );
    expect(output).toContain("No validation issues found");
}, 120_000);

it("takes everything away with its settings, and each version gets its share again", async () => {
    await route({});
    const left = (await listObjects()).filter((object) => /DestinationRule|VirtualService/.test(object));
    expect(left).toEqual(["networking.istio.io/v1/VirtualService default/bookinfo"]);
    const { reviews, missing } = await load("--requests", "300");
    expect(Object.keys(reviews)).toEqual(["v1", "v2", "v3"]);
    expect(Math.min(...Object.values(reviews))).toBeGreaterThan(50);
    expect(missing).toEqual({});
    if (hasEngine) {
        const preview = await pulumiOn(stack)("preview", "--json");
        expect(preview.code === 0 ? changesIn(preview) : preview.output).toEqual([]);
    }
}, 120_000);

/** From each to the next: subsets appear, change and go, with and without routes that stay. */
const THERE: HelmValues[] = [
    { reviews: { weights: { v1: 90, v3: 10 } } },
    {},
    { reviews: { version: "v2" }, ratings: { version: "v1" } },
    { reviews: { timeout: "5s" } },
    EVERY_SETTING_OF_TRAFFIC,
    { reviews: { circuitBreaker: { connections: 100 } }, details: { version: "v1" } },
    { reviews: { users: { jason: "v3" }, circuitBreaker: { connections: 50 } } },
    { details: { timeout: "5s" } },
    { reviews: { mirror: { to: "v2" } }, details: { version: "v1", timeout: "4s" } },
    {},
];

/** And back, so that each change is made in both directions. */
const CHANGES = [...THERE, ...[...THERE].reverse()];

it(`loses no request and no part of a page in ${CHANGES.length} changes`, async () => {
    const broken: string[] = [];
    const { sent, lost } = await underLoad(
        async () => {
            for (const traffic of CHANGES) {
                await route(traffic);
            }
        },
        {
            onPage: (body) => {
                broken.push(...missingOn(body).map((part) => `without ${part}`));
            },
        },
    );
    expect([sent > CHANGES.length, lost, broken]).toEqual([true, [], []]);
}, 900_000);

it("leaves nothing when the stack goes", async () => {
    await route(EVERY_SETTING_OF_TRAFFIC);
    expect(reviewsOn((await get(productPage)).body)).toMatch(/^v[123]$/);
    expect(await npmRun("down", "--stack", stack)).toMatchObject({ code: 0 });
    expect(await listObjects()).toEqual(before);
}, 180_000);
