import * as fs from "node:fs";
import * as path from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { fakePrometheus, type FakePrometheus, type Reply } from "../../../packages/servicegraph/testing/fakePrometheus";
import { largeMesh } from "../../../packages/servicegraph/testing/largeMesh";
import { startServer } from "../../../packages/servicegraph/testing/program";
import { answerTo, BOOKINFO, type Traffic } from "../../../packages/servicegraph/testing/traffic";
import { clone } from "../commands";
import { launchBrowser } from "../browser";

/* servicegraph's pages as they look and behave for each kind of mesh and of reader: what both pages' tests share. */

/** What Prometheus answers. Its name is part of the name of a picture. */
export type Content = keyof typeof CONTENTS;

const CONTENTS = {
    empty: [],
    failing: undefined,
    bookinfo: BOOKINFO,
    "60-services": largeMesh(60, 110),
    "300-services": largeMesh(300, 900),
    "1000-services": largeMesh(1000, 10_000),
} satisfies Record<string, readonly Traffic[] | undefined>;

export interface View {
    content: Content;
    scheme: "light" | "dark";
    width: 390 | 1280;
}

/** A moment with other traffic, which a page can compare with. */
export const EARLIER = "2026-01-02T03:00:00.000Z";

/** The traffic of before, in turns: none, failing and quick, with another server, the same. */
function earlierOf(traffic: readonly Traffic[]): Traffic[] {
    const turns: ((edge: Traffic) => Traffic[])[] = [
        () => [],
        (edge) => [{ ...edge, failures: edge.requests, p95: 1 }],
        (edge) => [{ ...edge, to: { ...edge.to, workload: `${edge.to.workload}-old` } }],
        (edge) => [edge],
    ];
    return traffic.flatMap((edge, index) => turns[index % turns.length]?.(edge) ?? []);
}

/** The sizes of a phone and of a laptop. */
const HEIGHTS = { 390: 844, 1280: 800 } as const;

/**
 * Two views of each content: both colour schemes and both widths. The pairs of these alternate from content to content, because a page
 * of a large mesh takes seconds to check.
 */
export function viewsOf(contents: readonly Content[]): View[] {
    return contents.flatMap((content, index): View[] => {
        const [narrow, wide] = index % 2 === 0 ? (["light", "dark"] as const) : (["dark", "light"] as const);
        return [
            { content, scheme: narrow, width: 390 },
            { content, scheme: wide, width: 1280 },
        ];
    });
}

export interface Pages {
    /** Opens a page in a new tab, which the caller closes. */
    open: (path: string, view: View) => Promise<Page>;
    /** What Prometheus answers from now on. */
    answer: (traffic: readonly Traffic[]) => void;
    end: () => Promise<void>;
}

/** Starts the server, as in the cluster, with a fake Prometheus on loopback, and a browser. */
export async function servicegraphPages(): Promise<Pages> {
    let traffic: readonly Traffic[] | undefined;
    const known = new Map<string, Reply>();
    const prometheus: FakePrometheus = await fakePrometheus((promql, time) => {
        if (!traffic) {
            return (response) => response.writeHead(500).end();
        }
        const isEarlier = time === EARLIER;
        const key = `${isEarlier} ${promql}`;
        const reply = known.get(key) ?? answerTo(promql, isEarlier ? earlierOf(traffic) : traffic);
        known.set(key, reply);
        return reply;
    });
    const server = await startServer(prometheus.url);
    const browser: Browser = await launchBrowser();
    const answer = (next: readonly Traffic[] | undefined) => {
        traffic = next;
        known.clear();
    };
    return {
        answer,
        open: async (path, { content, scheme, width }) => {
            answer(CONTENTS[content]);
            const viewport = { width, height: HEIGHTS[width] };
            const isPhone = width === 390;
            const page = await browser.newPage({ viewport, colorScheme: scheme, hasTouch: isPhone });
            await page.goto(server.url + path, { waitUntil: "load" });
            return page;
        },
        end: async () => {
            await browser.close();
            await server.end();
            await prometheus.close();
        },
    };
}

/** What axe-core objects to: each rule of WCAG 2.2 AA, and of good practice, with the elements that break it. */
export async function violationsOf(page: Page): Promise<string[]> {
    // The page's policy forbids scripts of others, but not what the browser's own tools evaluate.
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>(
        `axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } })`,
    );
    return violations.map(({ id, help, nodes }) => {
        const places = nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 150)} ${any[0]?.message ?? ""}`);
        return [`${id}: ${help} (${nodes.length})`, ...places].join("\n  ");
    });
}

/** By how many pixels the page is wider than its window. */
export function overflowOf(page: Page): Promise<number> {
    return page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
}

/** Takes a picture for a person to look at. Git ignores the folder. */
export async function takePicture(page: Page, name: string, { content, scheme, width }: View): Promise<void> {
    const folder = path.join(clone, "coverage/pictures");
    fs.mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: path.join(folder, `${name}-${content}-${width}-${scheme}.png`) });
}
