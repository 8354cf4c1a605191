import type { Browser, Page } from "playwright-core";
import { type FakePrometheus, fakePrometheus } from "../../../packages/servicegraph/testing/fakePrometheus";
import { type Program, startServer } from "../../../packages/servicegraph/testing/program";
import { answerTo, BOOKINFO, type Traffic } from "../../../packages/servicegraph/testing/traffic";
import { launchBrowser, updatePicture } from "../browser";

/*
 * servicegraph's two pages in a browser. The server is the same as in the cluster. Prometheus is a fake on loopback, which answers with
 * the traffic of the test. (mesh.test.ts has a real Prometheus.)
 */

/** Bookinfo's edges, with the names of the workloads. */
const EDGES = BOOKINFO.map(({ from, to }) => `${from.workload} → ${to.workload}`).sort();
const NODES = [...new Set(BOOKINFO.flatMap(({ from, to }) => [from.workload, to.workload]))].sort();

/** Names that a page must not take for HTML. */
const MALICIOUS = { app: "<script>alert(1)</script>", workload: '"><img src=x onerror=alert(1)>' };

/** Has a page ask the server again after half a second, not 5 seconds. */
const SHORT_PAUSES = `{
    const original = setTimeout;
    setTimeout = (work, pause, ...rest) => original(work, Math.min(pause, 500), ...rest);
}`;

let traffic: readonly Traffic[] = BOOKINFO;
let prometheus: FakePrometheus;
let server: Program;
let browser: Browser;
let page: Page;
/** Errors on the page: in scripts, against the content security policy, or of requests. */
let errors: string[];

beforeAll(async () => {
    prometheus = await fakePrometheus((promql) => answerTo(promql, traffic));
    server = await startServer(prometheus.url);
    browser = await launchBrowser();
}, 60_000);

afterAll(async () => {
    await browser.close();
    await server.end();
    await prometheus.close();
});

beforeEach(() => {
    traffic = BOOKINFO;
    errors = [];
});

afterEach(async () => {
    await page.close();
});

async function open(path: string, colorScheme: "light" | "dark" = "light"): Promise<void> {
    page = await browser.newPage({ viewport: { width: 1280, height: 720 }, deviceScaleFactor: 1.5, colorScheme });
    page.on("pageerror", ({ message }) => errors.push(message));
    page.on("console", (message) => errors.push(message.text()));
    page.on("response", (response) => {
        if (!response.ok() && response.status() !== 304) {
            errors.push(`${response.status()} ${response.url()}`);
        }
    });
    page.on("request", (request) => {
        if (!request.url().startsWith(server.url)) {
            errors.push(`request to another server: ${request.url()}`);
        }
    });
    await page.addInitScript(SHORT_PAUSES);
    await page.goto(server.url + path, { waitUntil: "load" });
}

/** The first lines of the titles of drawn elements, which name nodes and edges, with workloads only. */
async function titles(selector: string): Promise<string[]> {
    const texts = await page.locator(`svg.mesh ${selector} > title`).allTextContents();
    return texts.map((text) => (text.split("\n")[0] ?? "").replace(/[^ ]+ \(([^)]*)\)/g, "$1")).sort();
}

const shownNodes = () => titles(".node");
const shownEdges = () => titles(".edge");
/** The live graph draws the edges of a highlighted workload once more. */
const liveEdges = () => titles(".all .edge");

describe("/dotviz", () => {
    it.each(["light", "dark"] as const)(
        "draws Bookinfo with the %s colour scheme",
        async (scheme) => {
            await open("/dotviz", scheme);
            expect(await page.title()).toBe("Istio Servicegraph");
            expect([await shownNodes(), await shownEdges()]).toEqual([NODES, EDGES]);
            expect(await page.locator(".cluster").allTextContents()).toEqual([
                expect.stringContaining("default"),
                expect.stringContaining("istio-system"),
            ]);
            await updatePicture(page, scheme === "light" ? "dotviz.png" : "dotviz-dark.png", true);
            expect(errors).toEqual([]);
        },
        30_000,
    );

    it("shows traffic, errors, latency and mutual TLS on each edge, in words and in colour", async () => {
        await open("/dotviz");
        const labels = await page.locator(".edge .facts").allTextContents();
        expect(labels.sort()).toEqual(
            [
                "3.4 req/s0 % errors · p95 71.2 ms",
                "3.4 req/s0 % errors · p95 8.4 ms",
                "1.13 req/s0 % errors · p95 12.1 ms",
                "1.13 req/s2 % errors · p95 38.6 ms",
                "1.13 req/s8 % errors · p95 46.9 ms",
                "1.13 req/s0 % errors · p95 4.75 ms",
                "1.13 req/s0 % errors · p95 4.62 ms",
            ].sort(),
        );
        expect(await page.locator(".edge .lock-all").count()).toBe(7);
        const colourOf = (health: string) =>
            page.evaluate<string>(`getComputedStyle(document.querySelector("g.edges.${health} path")).stroke`);
        const colours = [await colourOf("healthy"), await colourOf("degraded"), await colourOf("failing")];
        expect(new Set(colours).size).toBe(3);
    }, 30_000);

    it("shows refusals, and what the source's proxy did, in a colour of their own", async () => {
        const [refused, aborted, ...others] = BOOKINFO as [Traffic, Traffic];
        traffic = [{ ...refused, refusals: 0.34 }, { ...aborted, flags: { FI: 3.4, DI: 0.68 } }, ...others];
        await open("/dotviz");
        expect(await page.locator(".facts .stopped").allTextContents()).toEqual([
            "50 % injected, 10 % delayed",
            "10 % refused",
        ]);
        expect(await page.locator("g.edges.stopped .edge").count()).toBe(2);
        const colours = await page.evaluate<string[]>(
            `[...document.querySelectorAll("g.edges")].map((edges) => getComputedStyle(edges).color)`,
        );
        expect(new Set(colours).size).toBe(4);
        expect(errors).toEqual([]);
    }, 30_000);

    it("draws names within their boxes", async () => {
        await open("/dotviz");
        for (const node of await page.locator("svg.mesh .node").all()) {
            const box = await node.locator("rect").boundingBox();
            for (const text of await node.locator("text").all()) {
                const { x, width } = (await text.boundingBox()) ?? { x: NaN, width: NaN };
                expect(x).toBeGreaterThanOrEqual(box?.x ?? NaN);
                expect(x + width).toBeLessThanOrEqual((box?.x ?? NaN) + (box?.width ?? NaN));
            }
        }
    }, 30_000);

    it("sends its form", async () => {
        await open("/dotviz");
        await page.getByLabel("Time horizon").fill("1h");
        await page.getByLabel("only edges with traffic").check();
        await page.getByRole("button", { name: "Show" }).click();
        await page.waitForURL(/time_horizon=1h/);
        expect(prometheus.queries.at(-1)).toContain("[1h]");
        expect(await page.getByLabel("Time horizon").inputValue()).toBe("1h");

        await page.getByLabel("Time horizon").fill("soon");
        await page.getByRole("button", { name: "Show" }).click();
        await page.getByText('not a valid duration string: "soon"').waitFor();
        expect(errors.filter((error) => !error.includes("400"))).toEqual([]);
    }, 30_000);

    it("refreshes by itself", async () => {
        traffic = [];
        await open("/dotviz?refresh=1");
        await page.getByText("No traffic in the last 5m").waitFor();
        traffic = BOOKINFO;
        await page.locator("svg.mesh").waitFor();
        expect(await shownEdges()).toEqual(EDGES);
    }, 30_000);

    it("reloads only if its form says so", async () => {
        await open("/dotviz");
        await page.getByLabel("Time horizon").fill("1h");
        const refreshes = await page.locator("meta[http-equiv=refresh]").count();
        await page.getByLabel("Load again").selectOption("5");
        await page.getByRole("button", { name: "Show" }).click();
        await page.waitForURL(/refresh=5/);
        expect([refreshes, await page.locator("meta[http-equiv=refresh]").count()]).toEqual([0, 1]);
    }, 30_000);

    it("shows any name as plain text", async () => {
        const from = { ...MALICIOUS, namespace: "</svg>" };
        traffic = [{ from, to: { ...from, app: "\u202eשלום" }, requests: 1, failures: 0 }];
        await open("/dotviz");
        expect(await page.locator("svg.mesh .node").count()).toBe(2);
        expect(await page.locator("script, img").count()).toBe(0);
        expect(errors).toEqual([]);
    }, 30_000);
});

describe("/force/forcegraph.html", () => {
    it("draws Bookinfo, and shows a workload's traffic on a click", async () => {
        await open("/force/forcegraph.html");
        await page
            .locator(".node")
            .nth(NODES.length - 1)
            .waitFor();
        expect([await shownNodes(), await liveEdges()]).toEqual([NODES, EDGES]);
        expect(await page.locator(".facts").count()).toBe(7);
        await settled();
        await updatePicture(page, "forcegraph.png", true);

        await page.locator(".node", { hasText: "productpage-v1" }).click();
        const info = page.locator("#info");
        expect(await info.locator("h2").textContent()).toBe("productpage (productpage-v1)");
        expect(await info.locator("tr").allTextContents()).toEqual([
            expect.stringMatching(/^istio-ingressgateway \(istio-ingressgateway\)3.4 req\/s/),
            expect.stringMatching(/^details \(details-v1\)3.4 req\/s/),
            ...[1, 2, 3].map(
                (version) => expect.stringMatching(`^reviews \\(reviews-v${version}\\)1.13 req/s`) as string,
            ),
        ]);
        await info.getByRole("button", { name: "Close" }).click();
        expect(await info.isVisible()).toBe(false);
        expect(errors).toEqual([]);
    }, 30_000);

    it("can be used with the keyboard only: one tab stop, arrow keys, Enter, Escape", async () => {
        await open("/force/forcegraph.html");
        await settled();
        expect(await page.locator("svg.mesh [tabindex='0']").count()).toBe(1);
        await page.locator("#unfold").focus();
        await page.keyboard.press("Tab");
        const reached = new Set<string>();
        for (let name = await focused(); !reached.has(name); name = await focused()) {
            reached.add(name);
            await page.keyboard.press("ArrowDown");
        }
        expect([...reached].sort()).toEqual(
            [...NODES, "namespace default, open", "namespace istio-system, open"].sort(),
        );
        await page.locator(".node", { hasText: "ratings-v1" }).focus();
        await page.keyboard.press("ArrowLeft");
        expect(await focused()).toMatch(/^reviews-v[23]$/);
        await page.keyboard.press("Enter");
        expect(await page.evaluate("document.activeElement.textContent")).toMatch(/^reviews \(reviews-v[23]\)$/);
        await page.keyboard.press("Escape");
        expect(await page.locator("#info").isVisible()).toBe(false);
        expect(await focused()).toMatch(/^reviews-v[23]$/);
    }, 30_000);

    it("folds a namespace and opens it again", async () => {
        await open("/force/forcegraph.html");
        await settled();
        const header = page.locator(".header", { hasText: "default" });
        await header.focus();
        await page.keyboard.press("Enter");
        expect(await focused()).toBe("namespace default, folded");
        expect(await page.locator(".node.folded").textContent()).toContain("6 workloads");
        expect((await liveEdges()).sort()).toEqual(["default → default", "istio-ingressgateway → default"]);
        await page.locator(".node.folded").click();
        expect([await shownNodes(), await liveEdges()]).toEqual([NODES, EDGES]);
    }, 30_000);

    it("has a pause button whose name stays, and asks the server for nothing while it is pressed", async () => {
        await open("/force/forcegraph.html");
        const pause = page.getByRole("button", { name: "Pause" });
        await pause.click();
        expect(await pause.getAttribute("aria-pressed")).toBe("true");
        await page.waitForTimeout(600);
        const before = prometheus.queries.length;
        await page.waitForTimeout(1200);
        expect(prometheus.queries.length).toBe(before);
        await pause.click();
        await page.waitForResponse(/meshgraph/);
        expect(await pause.getAttribute("aria-pressed")).toBe("false");
    }, 30_000);

    it("follows the mesh: known workloads stay in place, new ones appear, old ones disappear, and a server error is shown", async () => {
        traffic = BOOKINFO.filter(({ to }) => to.workload !== "ratings-v1");
        await open("/force/forcegraph.html");
        await settled();
        expect(await shownNodes()).toEqual(NODES.filter((name) => name !== "ratings-v1"));
        const before = await positionOf("productpage-v1");

        traffic = BOOKINFO;
        await page.locator(".node", { hasText: "ratings-v1" }).waitFor();
        const moved = await positionOf("productpage-v1");
        expect(Math.hypot(moved.x - before.x, moved.y - before.y)).toBeLessThan(200);

        await page.route("**/meshgraph*", (route) => route.fulfill({ status: 502, body: "Prometheus is <b>away</b>" }));
        await page.getByText("The server answers 502: Prometheus is <b>away</b>").waitFor();
        expect(await liveEdges()).toEqual(EDGES);
        await page.unroute("**/meshgraph*");
        await page.locator("#notice").waitFor({ state: "hidden" });

        traffic = [];
        await page.getByText("No traffic yet").waitFor();
        expect(await page.locator(".node").count()).toBe(0);
    }, 60_000);

    it("shows any name as plain text", async () => {
        const from = { ...MALICIOUS, namespace: "__proto__" };
        traffic = [{ from, to: { ...from, app: "constructor" }, requests: 1, failures: 0 }];
        await open("/force/forcegraph.html");
        await page.locator(".node", { hasText: "constructor" }).click();
        expect(await page.locator("#info h2").textContent()).toContain('"><img src=x');
        expect(await page.locator("img").count()).toBe(0);
        expect(errors).toEqual([]);
    }, 30_000);

    it("shows no metrics if Prometheus has none", async () => {
        const [one, two] = BOOKINFO;
        traffic = [
            { ...(one as Traffic), requests: NaN, failures: NaN, p95: NaN },
            { ...(two as Traffic), requests: Infinity, failures: 0, p95: NaN },
        ];
        await open("/force/forcegraph.html");
        await page.locator(".facts").first().waitFor();
        expect((await page.locator(".facts").allTextContents()).sort()).toEqual(["no data", "∞ req/s0 % errors"]);
        expect(await page.locator(".all .edges.unknown .edge").count()).toBe(1);
        expect(errors).toEqual([]);
    }, 30_000);

    it("zooms in at the pointer with Ctrl and the wheel, and shows everything again with 0", async () => {
        await open("/force/forcegraph.html");
        await settled();
        const node = page.locator(".node .workload", { hasText: "ratings-v1" });
        const { x, y, width, height } = (await node.boundingBox()) ?? { x: NaN, y: NaN, width: NaN, height: NaN };
        await page.mouse.move(x + width / 2, y + height / 2);
        await page.keyboard.down("Control");
        await page.mouse.wheel(0, -400);
        await page.keyboard.up("Control");
        while (((await node.boundingBox())?.width ?? 0) < 1.3 * width) {
            await page.waitForTimeout(50);
        }
        // A graph that is smaller than its area is centred there, so it moves a little. With another centre of the zoom it would be far away.
        const after = await node.boundingBox();
        expect(Math.abs((after?.x ?? NaN) + (after?.width ?? NaN) / 2 - (x + width / 2))).toBeLessThan(40);
        expect(Math.abs((after?.y ?? NaN) + (after?.height ?? NaN) / 2 - (y + height / 2))).toBeLessThan(40);
        await page.locator(".node").first().focus();
        await page.keyboard.press("0");
        while (((await node.boundingBox())?.width ?? Infinity) > width + 1) {
            await page.waitForTimeout(50);
        }
    }, 30_000);

    it("scrolls the page with the wheel alone", async () => {
        await open("/force/forcegraph.html");
        await page.setViewportSize({ width: 1280, height: 400 });
        await settled();
        const viewBox = () => page.locator("svg.mesh").getAttribute("viewBox");
        const before = await viewBox();
        await page.locator("svg.mesh").hover({ position: { x: 20, y: 20 } });
        await page.mouse.wheel(0, 200);
        // waitForFunction would evaluate a string in the page, which its content security policy forbids.
        while ((await page.evaluate<number>("scrollY")) <= 50) {
            await page.waitForTimeout(50);
        }
        expect(await viewBox()).toBe(before);
    }, 30_000);

    it("keeps the focus in a workload's panel when new data arrives", async () => {
        await open("/force/forcegraph.html");
        const node = page.locator(".node", { hasText: "ratings-v1" });
        await node.focus();
        await page.keyboard.press("Enter");
        const close = page.getByRole("button", { name: "Close" });
        await close.focus();
        traffic = BOOKINFO.map((one) => ({ ...one, requests: 77 }));
        await page.locator("#info", { hasText: "77 req/s" }).waitFor();
        expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("Close");
        await page.keyboard.press("Enter");
        expect(await page.locator("#info").isVisible()).toBe(false);
        expect(await focused()).toBe("ratings-v1");
    }, 30_000);

    it("says which parameter is invalid", async () => {
        await open("/force/forcegraph.html?time_horizon=soon");
        await page.getByText('not a valid duration string: "soon"').waitFor();
        expect(await page.getByLabel("Time horizon").inputValue()).toBe("soon");
    }, 30_000);
});

/** The first line of the title of the focused box, with the workload only. */
async function focused(): Promise<string> {
    const title = await page.evaluate<string>(
        "document.activeElement.querySelector(':scope > title')?.textContent ?? ''",
    );
    return (title.split("\n")[0] ?? "").replace(/[^ ]+ \(([^)]*)\)/g, "$1");
}

/** Position of a workload in the window. */
async function positionOf(workload: string): Promise<{ x: number; y: number }> {
    const { x, y } = (await page.locator(".node", { hasText: workload }).boundingBox()) ?? { x: NaN, y: NaN };
    return { x, y };
}

/** Waits until the layout is at rest. */
async function settled(): Promise<void> {
    await page.locator(".node").first().waitFor();
    let before = "";
    for (;;) {
        const nodes = await page.locator(".node").all();
        const now = JSON.stringify(await Promise.all(nodes.map((node) => node.boundingBox())));
        if (now === before) {
            return;
        }
        before = now;
        await page.waitForTimeout(300);
    }
}
