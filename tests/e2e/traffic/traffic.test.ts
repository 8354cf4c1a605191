import type { HelmValues } from "../../../components/istio/merge";
import { EVERY_SETTING_OF_TRAFFIC } from "../../../packages/bench/mesh";
import type { LoadSummary } from "../../../packages/cli/load/summary";
import { missingOn, reviewsOn } from "../../../packages/cli/load/reviews";
import {
    coldStart,
    get,
    kubectl,
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
 * What `bookinfo.traffic` does to requests: before, after, and after it is taken out again. The tests follow each other on one
 * deployment, and each leaves no settings behind.
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

/** A counter of the proxy of each pod of a service, by the pod's version. */
async function requestsTo(app: string): Promise<Record<string, number>> {
    const template = '{range .items[*]}{.metadata.name} {.metadata.labels.version}{"\\n"}{end}';
    const pods = (await kubectl("get", "pods", `--selector=app=${app}`, `--output=jsonpath=${template}`)).trim();
    const counted = pods.split("\n").map(async (line): Promise<[string, number]> => {
        const [name = "", version = ""] = line.split(" ");
        const stats = await kubectl(
            "get",
            "--raw",
            `/api/v1/namespaces/default/pods/${name}:15020/proxy/stats/prometheus`,
        );
        const requests = stats.match(/^envoy_cluster_upstream_rq_total\{cluster_name="inbound\|[^}]*\} (\d+)$/m)?.[1];
        return [version, Number(requests ?? 0)];
    });
    return Object.fromEntries(await Promise.all(counted));
}

beforeAll(async () => {
    before = await nothingDeployed();
    expect(await npmRun("sandbox", "up", "--istioctl")).toMatchObject({ code: 0 });
    await route({});
}, coldStart);

afterAll(() => removeStack(stack), 120_000);

it("shares requests by weight, and sends one user elsewhere", async () => {
    await route({ reviews: { weights: { v1: 90, v3: 10 }, users: { jason: "v2" } } });
    const all = await load("--requests", "1000");
    expect(all).toMatchObject({ code: 0, failed: 0, missing: {} });
    expect(all.asked).toHaveLength(3);
    expect(isAsAsked(all)).toBe(true);
    expect(Object.keys(all.reviews)).toEqual(["v1", "v3"]);
    expect((await load("--requests", "50", "--user", "jason")).reviews).toEqual({ v2: 50 });
    expect((await npmRun("verify", "--stack", stack)).output).toMatch(/ok +routes +those of reviews are as configured/);
}, 180_000);

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

it("delays one user's requests, and gives up after a timeout", async () => {
    await route({ ratings: { delay: { for: "2s", users: ["jason"] } }, reviews: { timeout: "500ms" } });
    const quick = await load("--requests", "40");
    expect(quick.latency?.p90).toBeLessThan(1500);
    expect(quick.missing).toEqual({});
    // reviews is given up after 0.5 s, twice. v1 does not ask ratings, so it answers.
    const jason = await load("--requests", "30", "--user", "jason");
    expect(jason.missing.reviews).toBeGreaterThan(0);
    expect(Object.keys(jason.reviews).sort()).toEqual(["unavailable", "v1"]);
    expect(jason.latency?.max).toBeGreaterThan(990);
}, 180_000);

it("delays some requests, which their pages show", async () => {
    await route({ details: { delay: { for: "1s", percent: 30 } } });
    const all = await load("--requests", "100");
    expect(all.asked).toMatchObject([{ what: "delayed by details", percent: 30, of: 100 }]);
    expect(isAsAsked(all)).toBe(true);
    await route({ ratings: { delay: { for: "7s" } }, reviews: { version: "v2" } });
    const without = await load("--requests", "8");
    expect(without.asked?.at(-1)).toMatchObject({ what: "without reviews", percent: 100, seen: 8, of: 8 });
}, 180_000);

it("tries again what is aborted nowhere, and copies requests to a version that no page shows", async () => {
    await route({
        reviews: { version: "v1", mirror: { to: "v3" }, retries: { attempts: 2, perTryTimeout: "2s", on: ["5xx"] } },
    });
    const [first, { reviews, asked = [] }, last] = [
        await requestsTo("reviews"),
        await load("--requests", "100"),
        await requestsTo("reviews"),
    ];
    expect(reviews).toEqual({ v1: 100 });
    const more = (version: string) => (last[version] ?? 0) - (first[version] ?? 0);
    // load asks for one more page, to see whether the address answers.
    expect([more("v1"), more("v2"), more("v3")]).toEqual([101, 0, 101]);
    expect(asked.at(-1)).toMatchObject({ what: "mirrored to reviews v3", percent: 100, seen: 100, of: 100 });
}, 180_000);

it("breaks the circuit: what is too much for it is refused at once", async () => {
    await route({ productpage: { circuitBreaker: { connections: 1, pending: 1, requestsPerConnection: 1 } } });
    const { statuses, failures, requests } = await load("--requests", "200", "--concurrency", "20");
    expect(statuses["200"]).toBeGreaterThan(0);
    expect(statuses["503"]).toBeGreaterThan(0);
    expect((statuses["200"] ?? 0) + (statuses["503"] ?? 0)).toBe(requests.done);
    expect(Object.keys(failures)).toEqual([expect.stringContaining("overflow")]);
    const { output } = await npmRun("verify", "--stack", stack);
    expect(output).toMatch(/ok +circuit breakers +productpage: as configured in 1 proxy of its callers/);
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
const CHANGES: HelmValues[] = [
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
}, 600_000);

it("leaves nothing when the stack goes", async () => {
    await route(EVERY_SETTING_OF_TRAFFIC);
    expect(reviewsOn((await get(productPage)).body)).toMatch(/^v[123]$/);
    expect(await npmRun("down", "--stack", stack)).toMatchObject({ code: 0 });
    expect(await listObjects()).toEqual(before);
}, 180_000);
