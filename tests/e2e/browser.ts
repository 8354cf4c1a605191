import * as fs from "node:fs";
import * as path from "node:path";
import { type Browser, chromium } from "playwright-core";
import { clone } from "./commands";

const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
    fs.existsSync(file),
);

/** Where the README's picture is; written when UPDATE_PICTURE is set, so that a test run leaves the clone as it was. */
const picture = path.join(clone, "docs", "productpage.png");

/** What a browser shows of the product page. */
export interface Photograph {
    title: string;
    reviewsShown: number;
    /** URLs that the page asked for and that were not answered with success. */
    failedRequests: string[];
}

/** A headless Chromium. Whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
    if (!executable) {
        throw new Error("this test needs Chromium: apt-get install chromium");
    }
    return chromium.launch({
        executablePath: executable,
        // No sandbox: the tests run as root. The rest keeps Chromium from calling its maker.
        args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}

/** Opens the page in a headless Chromium and looks at it. */
export async function photograph(url: string): Promise<Photograph> {
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
        if (process.env.UPDATE_PICTURE) {
            // The version with red stars is the most telling; the next ones come by round robin.
            while (!(await tab.content()).includes("reviews-v3")) {
                await tab.reload({ waitUntil: "networkidle" });
            }
            await tab.screenshot({ path: picture });
        }
        return {
            title: await tab.title(),
            reviewsShown: await tab.getByText(/Reviewer[12]/).count(),
            failedRequests,
        };
    } finally {
        await browser.close();
    }
}
