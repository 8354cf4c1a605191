import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { lessonPages } from "../../../packages/cli/lesson/page";
import { launchBrowser, updatePicture } from "../browser";
import {
    clone,
    coldStart,
    COMMAND,
    npmRun,
    poll,
    productPage,
    runCommand,
    runOnSandbox,
    stableObjects,
    stackFile,
} from "../commands";
import { consoleCommands, seenAs } from "../console";
import { changesIn, hasEngine, pulumi } from "../engine";
import { deployed } from "../sharedSandbox";

/* The course: every command of its pages, with what it prints. Each lesson ends with a mesh that is as it was before. */

const sandboxFile = stackFile("local");

/** What a lesson tells its readers to look at on the product page. Its picture is in the lesson. */
interface Sight {
    /** Who signs in. Default: nobody. */
    user?: string;
    /** What the page must show. */
    shows: string;
}

const SIGHTS: Record<number, Sight | undefined> = {
    2: { user: "jason", shows: "reviews-v2" },
    4: { user: "jason", shows: "Error fetching product reviews" },
    5: { shows: "Error fetching product details" },
};

/** What a load says after each 10 s, if it takes so long. */
const PROGRESS = /^\d+ of \d+ requests, \d+ failed, \d+ per second\n/gm;

let file: string;
let objects: string[];
/** Has a `npx` that starts the command without npm, which takes longer than many a command. The first lesson uses npm's own. */
let quickNpx: string;

beforeAll(async () => {
    await deployed();
    expect(await npmRun("sandbox", "up", "--istioctl")).toMatchObject({ code: 0 });
    file = fs.readFileSync(sandboxFile, "utf8");
    objects = await stableObjects();
    quickNpx = fs.mkdtempSync(path.join(tmpdir(), "course-"));
    const script = `#!/bin/sh\nshift # bookinfo\nexec "${process.execPath}" ${COMMAND} "$@"\n`;
    fs.writeFileSync(path.join(quickNpx, "npx"), script, { mode: 0o755 });
}, coldStart);

afterAll(() => {
    fs.rmSync(quickNpx, { recursive: true });
});

afterEach(async () => {
    // A lesson that failed is taken back, so that the next one starts like its page.
    if (fs.readFileSync(sandboxFile, "utf8") !== file) {
        await npmRun("lesson", "--undo");
        fs.writeFileSync(sandboxFile, file);
        await npmRun("up", "--refresh");
    }
}, 180_000);

it.each(lessonPages().map(({ number, title, file: page }) => ({ number, title, page })))(
    "lesson $number, $title",
    async ({ number, page }) => {
        const commands = consoleCommands(fs.readFileSync(path.join(clone, page), "utf8"));
        const programs = [...(number === 1 ? [] : [quickNpx]), process.env.PATH].join(":");
        for (const { command, expected } of commands) {
            const { output } = await runCommand("bash", ["-c", command], { PATH: programs });
            expect([command, ...seenAs(expected, output.replace(PROGRESS, ""))]).toEqual([command, ...expected]);
            if (command === `npx bookinfo lesson ${number}`) {
                expect(await analysis()).toEqual([]);
                const sight = SIGHTS[number];
                await (sight && lookAt(sight, page.replace(/^docs\/(.*)\.md$/, "$1.png")));
            }
        }
        expect(commands.at(-1)?.command).toBe(`npx bookinfo lesson ${number} --undo`);
        expect(fs.readFileSync(sandboxFile, "utf8")).toBe(file);
        expect(await stableObjects()).toEqual(objects);
    },
    300_000,
);

it("leaves nothing to change, by the engine's preview", async () => {
    if (hasEngine) {
        expect(changesIn(await pulumi("preview", "--json"))).toEqual([]);
    }
}, 60_000);

/** Looks at the product page in a browser, as the lesson says: again and again, until it shows what the lesson is about. */
async function lookAt({ user, shows }: Sight, picture: string): Promise<void> {
    const browser = await launchBrowser();
    try {
        const tab = await browser.newPage({ viewport: { width: 1000, height: 860 } });
        await tab.goto(productPage);
        if (user !== undefined) {
            await tab.fill("#username", user);
            await tab.press("#username", "Enter");
            await tab.getByText(user).waitFor();
        }
        await poll(
            async () => (await tab.reload({ waitUntil: "networkidle" }), tab.content()),
            (content) => content.includes(shows),
            { timeout: 60_000, interval: 100 },
        );
        expect(await tab.content()).toContain(shows);
        await updatePicture(tab, picture);
    } finally {
        await browser.close();
    }
}

/** What `istioctl analyze` finds wrong with Bookinfo's namespace. */
async function analysis(): Promise<string[]> {
    const { stdout, output } = await runOnSandbox("istioctl", "analyze", "--namespace", "default", "--output", "json");
    const findings = JSON.parse(stdout || "null") as { code: string; level: string; message: string }[] | null;
    expect({ output, isRead: Array.isArray(findings) }).toMatchObject({ isRead: true });
    // It says that of every EnvoyFilter.
    const general = /EnvoyFilter exposes internal implementation details/;
    return (findings ?? [])
        .filter(({ message }) => !general.test(message))
        .map(({ code, message }) => `${code} ${message}`);
}
