import type { Page } from "playwright-core";
import {
    EARLIER,
    overflowOf,
    type Pages,
    servicegraphPages,
    takePicture,
    type View,
    violationsOf,
    viewsOf,
} from "./readers";

/*
 * servicegraph's pages for readers with a phone, a keyboard, a screen reader or large meshes. The pictures are for people to look at:
 * coverage/pictures/. (servicegraph.test.ts has what the pages say and do.)
 */

let pages: Pages;
let page: Page;

beforeAll(async () => {
    pages = await servicegraphPages();
}, 60_000);

afterAll(async () => {
    await pages.end();
});

afterEach(async () => {
    await page.close();
});

const VIEWS = viewsOf(["empty", "failing", "bookinfo", "60-services", "1000-services"]);

describe("/force/forcegraph.html", () => {
    const open = async (view: View) => {
        page = await pages.open("/force/forcegraph.html", view);
        await page.locator("#notice:not([hidden]), #empty:not([hidden]), .node").first().waitFor();
    };

    it.each(VIEWS)(
        "can be read, and used without eyes and without a mouse: $content, $scheme, $width px",
        async (view) => {
            await open(view);
            await takePicture(page, "forcegraph", view);
            expect(await violationsOf(page)).toEqual([]);
            expect(await overflowOf(page)).toBe(0);
            expect(await overlapsOf(".cluster:not(.header) > rect")).toBe(0);
            expect(await overlapsOf(".node > rect")).toBe(0);
            expect(await leastType()).toBeGreaterThan(10.8);
            expect(await page.locator("svg.mesh [tabindex='0']").count()).toBeLessThanOrEqual(1);
            await expectRowsForLines();
        },
        120_000,
    );

    it.each(viewsOf(["60-services"]))(
        "stays so with an open panel and open namespaces: $scheme, $width px",
        async (view) => {
            await open(view);
            await page.getByRole("button", { name: "Open all" }).click();
            await page.locator(".node:not(.folded)").first().focus();
            await page.keyboard.press("Enter");
            await page.locator("#info").waitFor();
            await page.waitForTimeout(600);
            await takePicture(page, "forcegraph-open", view);
            expect(await page.evaluate("document.activeElement.id")).toBe("info-title");
            expect(await violationsOf(page)).toEqual([]);
            expect(await overflowOf(page)).toBe(0);
            expect(await overlapsOf(".cluster:not(.header) > rect")).toBe(0);
            expect(await overlapsOf(".node > rect")).toBe(0);
            await expectRowsForLines();
        },
        60_000,
    );

    it("shows a large mesh folded, opens a namespace with Enter, and brings a searched workload into view", async () => {
        await open({ content: "300-services", scheme: "light", width: 1280 });
        expect(await page.locator(".node").count()).toBe(20);
        const node = page.locator(".node.folded", { hasText: "namespace-7" });
        expect(await node.textContent()).toMatch(/15 workloads.*req\/s/);
        await node.focus();
        await page.keyboard.press("Enter");
        expect(await page.locator(".node:not(.folded)").count()).toBe(15);

        await page.getByLabel("Find a workload").fill("service-113");
        await page.getByText("1 workload; Enter shows the first").waitFor();
        await page.keyboard.press("Enter");
        expect(await page.locator("#info-title").textContent()).toBe("service-113 (service-113-v1)");
        await page.waitForTimeout(600);
        const [box, area] = [
            await page.locator(".node", { hasText: "service-113" }).boundingBox(),
            await page.locator("#graph").boundingBox(),
        ] as { x: number; y: number; width: number; height: number }[];
        expect(box?.x).toBeGreaterThanOrEqual(area?.x ?? NaN);
        expect((box?.x ?? NaN) + (box?.width ?? 0)).toBeLessThanOrEqual((area?.x ?? NaN) + (area?.width ?? 0));
        expect(box?.y).toBeGreaterThanOrEqual(area?.y ?? NaN);
        expect((box?.y ?? NaN) + (box?.height ?? 0)).toBeLessThanOrEqual((area?.y ?? NaN) + (area?.height ?? 0));
    }, 60_000);

    it("shows more names the closer one looks, and never small ones", async () => {
        await open({ content: "60-services", scheme: "light", width: 1280 });
        const texts = () => page.locator(".node text").count();
        const press = async (name: string, times: number) => {
            for (let time = 0; time < times; time += 1) {
                await page.getByRole("button", { name, exact: true }).click();
            }
        };
        await press("Zoom out", 6);
        expect([await texts(), await leastType()]).toEqual([0, expect.closeTo(11, 0)]);
        await press("Zoom in", 8);
        expect([await texts(), await leastType()]).toEqual([116, expect.any(Number)]);
        expect(await leastType()).toBeGreaterThan(10.8);
        await press("Fit", 1);
        expect(
            await page.evaluate("graph.scrollWidth <= graph.clientWidth && graph.scrollHeight <= graph.clientHeight"),
        ).toBe(true);
    }, 60_000);

    it("zooms with two fingers, and pans with one", async () => {
        await open({ content: "60-services", scheme: "light", width: 390 });
        const touch = await page.context().newCDPSession(page);
        const send = (type: "touchStart" | "touchMove" | "touchEnd", ...points: [number, number][]) =>
            touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
        const width = () => page.evaluate<number>("document.querySelector('svg.mesh').getBoundingClientRect().width");
        const before = await width();
        await send("touchStart", [150, 600], [200, 600]);
        await send("touchMove", [125, 600], [225, 600]);
        await send("touchEnd");
        expect((await width()) / before).toBeCloseTo(2, 1);
        const left = await page.evaluate<number>("graph.scrollLeft");
        await send("touchStart", [250, 600]);
        await send("touchMove", [200, 600]);
        await send("touchMove", [150, 600]);
        await send("touchEnd");
        await page.waitForTimeout(500);
        expect(await page.evaluate<number>("graph.scrollLeft")).toBeGreaterThan(left + 30);
        expect(await overflowOf(page)).toBe(0);
    }, 60_000);

    it("moves nothing if the reader prefers so", async () => {
        await open({ content: "60-services", scheme: "light", width: 1280 });
        const animations = async (motion: "reduce" | "no-preference") => {
            await page.emulateMedia({ reducedMotion: motion });
            await page.locator(".header, .node.folded").first().press("Enter");
            return page.evaluate<number>("document.getAnimations().length");
        };
        expect(await animations("reduce")).toBe(0);
        expect(await animations("no-preference")).toBeGreaterThan(0);
    }, 60_000);
});

describe("/dotviz", () => {
    it.each(viewsOf(["empty", "failing", "bookinfo", "60-services", "300-services", "1000-services"]))(
        "can be read without eyes and on a phone: $content, $scheme, $width px",
        async (view) => {
            page = await pages.open("/dotviz", view);
            await takePicture(page, "dotviz", view);
            expect(await violationsOf(page)).toEqual([]);
            expect(await overflowOf(page)).toBe(0);
        },
        120_000,
    );

    it.each(viewsOf(["bookinfo", "60-services"]))(
        "stays so while it compares two moments: $content, $scheme, $width px",
        async (view) => {
            page = await pages.open(`/dotviz?compare=${EARLIER}`, view);
            await takePicture(page, "dotviz-compared", view);
            const text = (await page.textContent("main")) ?? "";
            expect(["new", "gone", "fewer errors", "slower"].filter((change) => !text.includes(change))).toEqual([]);
            expect(await violationsOf(page)).toEqual([]);
            expect(await overflowOf(page)).toBe(0);
        },
        120_000,
    );

    it("has short rows on a phone, and a drawing that keeps its size and is panned with the keyboard", async () => {
        page = await pages.open("/dotviz", { content: "bookinfo", scheme: "light", width: 390 });
        const heights = await page.evaluate<number[]>(
            "[...document.querySelectorAll('tbody tr')].map((row) => row.clientHeight)",
        );
        expect(Math.max(...heights)).toBeLessThan(130);
        const drawing = page.locator("svg.mesh");
        const scale = ((await drawing.boundingBox())?.width ?? 0) / Number(await drawing.getAttribute("width"));
        expect(scale).toBeGreaterThan(0.89);
        await page.locator(".graph").focus();
        await page.keyboard.press("ArrowRight");
        while ((await page.evaluate<number>("document.querySelector('.graph').scrollLeft")) === 0) {
            await page.waitForTimeout(50);
        }
    }, 120_000);

    it("leads from the first failing edge of a large mesh to its line", async () => {
        page = await pages.open("/dotviz", { content: "60-services", scheme: "light", width: 1280 });
        const link = page.locator(".attention a").first();
        expect((await link.boundingBox())?.y).toBeLessThan(400);
        await link.click();
        const line = page.locator(".edge:target");
        await line.waitFor();
        expect(await line.locator("title").textContent()).toContain(
            await page.locator(".attention a").first().textContent(),
        );
        expect(await page.locator(".cluster").count()).toBe(2);
        await page.locator(".cluster a").first().click();
        await page.waitForURL(/open=namespace-\d+$/);
        expect(await page.locator(".cluster").count()).toBe(1);
    }, 120_000);
});

/** How many of the elements overlap another one. */
function overlapsOf(selector: string): Promise<number> {
    return page.evaluate<number>(`{
        const boxes = [...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.getBoundingClientRect());
        boxes.filter((a, index) => boxes.slice(index + 1).some((b) =>
            a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length;
    }`);
}

/** The smallest type of the graph, in pixels of the window. */
function leastType(): Promise<number> {
    return page.evaluate<number>(`{
        const svg = document.querySelector("svg.mesh");
        const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        const shown = [...document.querySelectorAll("svg.mesh text")].filter((text) => text.textContent && text.checkVisibility());
        const grown = (text) => (text.closest(".facts") ? Number(getComputedStyle(svg).getPropertyValue("--grow")) : 1);
        Math.min(100, ...shown.map((text) => parseFloat(getComputedStyle(text).fontSize) * scale * grown(text)));
    }`);
}

/** The table has a row for each line, with the same figures. */
async function expectRowsForLines(): Promise<void> {
    const titles = await page.locator(".all .edge > title").allTextContents();
    const rows = await page.locator("#table tbody tr").allTextContents();
    const figures = (text: string) => text.match(/[\d.]+ req\/s/)?.[0] ?? "";
    const wanted = titles.map((title) => {
        const [, from = "", to = ""] = /^(.*) → (.*)\n/.exec(title) ?? [];
        return { from, to, figures: figures(title) };
    });
    const missing = wanted.filter(
        ({ from, to, figures }) => !rows.some((row) => [from, to, figures].every((part) => row.includes(part))),
    );
    expect(missing).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(titles.length);
}
