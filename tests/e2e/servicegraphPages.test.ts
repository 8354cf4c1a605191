import type { Page } from "playwright-core";
import { overflowOf, type Pages, servicegraphPages, takePicture, violationsOf, viewsOf } from "./servicegraphPages";

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

const VIEWS = viewsOf(["empty", "failing"]);

describe("/force/forcegraph.html", () => {
    it.each(VIEWS)(
        "can be used without eyes and without a mouse: $content, $scheme, $width px",
        async (view) => {
            page = await pages.open("/force/forcegraph.html", view);
            await page.locator(`#notice:not([hidden]), #empty:not([hidden]), .node`).first().waitFor();
            await takePicture(page, "forcegraph", view);
            expect(await violationsOf(page)).toEqual([]);
            expect(await overflowOf(page)).toBe(0);
        },
        60_000,
    );
});
