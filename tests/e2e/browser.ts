import * as fs from "node:fs";
import * as path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { clone } from "./commands";

const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
    fs.existsSync(file),
);

/** Whether to write the pictures in docs/. Off by default, so that a test run changes no file of the clone. */
const updatesPictures = Boolean(process.env.UPDATE_PICTURE);

/** What a browser shows of the product page. */
export interface PageSummary {
    title: string;
    reviewsShown: number;
    /** URLs that the page requested without success. */
    failedRequests: string[];
}

/** Starts a headless Chromium, which the caller closes. */
export function launchBrowser(): Promise<Browser> {
    if (!executable) {
        throw new Error("this test needs Chromium: apt-get install chromium");
    }
    return chromium.launch({
        executablePath: executable,
        // No sandbox, because the tests run as root. The other arguments stop Chromium's requests to Google.
        args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}

/** Writes a picture of a page into docs/, if UPDATE_PICTURE is set. */
export async function updatePicture(page: Page, name: string, fullPage = false): Promise<void> {
    if (updatesPictures) {
        await page.screenshot({ path: path.join(clone, "docs", name), fullPage });
    }
}

/** Opens the product page in a headless Chromium. */
export async function openInBrowser(url: string): Promise<PageSummary> {
    const browser = await launchBrowser();
    try {
        const tab = await browser.newPage({ viewport: { width: 1200, height: 1100 }, deviceScaleFactor: 1.5 });
        const failedRequests: string[] = [];
        tab.on("response", (response) => {
            if (!response.ok()) {
                failedRequests.push(`${response.status()} ${response.url()}`);
            }
        });
        tab.on("requestfailed", (request) => failedRequests.push(request.url()));
        await tab.goto(url, { waitUntil: "networkidle" });
        // The README's picture shows red stars. They are those of reviews-v3, which comes by round robin.
        while (updatesPictures && !(await tab.content()).includes("reviews-v3")) {
            await tab.reload({ waitUntil: "networkidle" });
        }
        await updatePicture(tab, "productpage.png");
        return {
            title: await tab.title(),
            reviewsShown: await tab.getByText(/Reviewer[12]/).count(),
            failedRequests,
        };
    } finally {
        await browser.close();
    }
}
