import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { PULUMI, readRecord } from "../../packages/cli/stack/record";
import { readOr } from "../../packages/shared/processId";
import { SANDBOX_STACK } from "../../packages/shared/project";
import { live } from "../../packages/sandbox/paths";
import { get, listObjects, npmRun, productPage } from "./commands";
import { hasEngine } from "./engine";

/*
 * One sandbox for many files of tests, because a start and a deployment take most of a file's time. order.cjs has those files run one
 * after the other. Each of them also runs alone, and teardown.ts removes what the last one leaves.
 */

/** What an empty sandbox of these tests had. It goes with the sandbox, so that a sandbox of a user is never taken for one of tests. */
const objectsFile = path.join(live.root, "objects-before-tests.json");

/** The objects of the sandbox before anything was deployed; undefined if the tests did not start it. */
function objectsBefore(): string[] | undefined {
    const content = readOr(objectsFile, "");
    return content === "" ? undefined : (JSON.parse(content) as string[]);
}

/** Whether there is a sandbox that the tests have started. */
export function hasTestSandbox(): boolean {
    return objectsBefore() !== undefined;
}

/**
 * Counts a sandbox that `npm run up` has started as one of the tests. Each new sandbox has the same objects.
 * @param objects of an earlier sandbox, in the form of `listObjects`
 */
export function adoptSandbox(objects: readonly string[]): void {
    fs.writeFileSync(objectsFile, JSON.stringify(objects));
}

/** Removes the sandbox, and forgets what was deployed to it. */
export async function removeSandbox(): Promise<void> {
    for (const [script, ...args] of [["sandbox", "down"], ["down"]] as const) {
        const { code, output } = await npmRun(script, ...args);
        if (code !== 0) {
            throw new Error(output);
        }
    }
}

/**
 * Starts a new sandbox, in place of one that is there.
 * @param options of `npm run sandbox -- up`
 * @returns its objects, in the form of `listObjects`
 */
export async function startSandbox(...options: string[]): Promise<string[]> {
    await removeSandbox();
    expect(await npmRun("sandbox", "up", ...options)).toMatchObject({ code: 0 });
    const objects = await listObjects();
    adoptSandbox(objects);
    return objects;
}

/**
 * For tests that need a sandbox on which nothing is deployed. They may change everything. A sandbox that an earlier file has left as it
 * was is kept; otherwise a new one is started.
 * @returns its objects, in the form of `listObjects`
 */
export async function nothingDeployed(): Promise<string[]> {
    const before = objectsBefore();
    // A file that failed may have left services that died, or images that are missing.
    const isUp = before !== undefined && (await npmRun("sandbox", "up")).code === 0;
    return isUp && isDeepStrictEqual(await listObjects(), before) ? before : startSandbox();
}

/**
 * For tests that need the sandbox's stack deployed, and that leave it as it is. If an earlier file has deployed it in the same way and
 * the page answers, it is kept; otherwise it is deployed from nothing.
 * @param options of `npm run up`
 * @returns the objects that the sandbox had before the deployment
 */
export async function deployed(...options: string[]): Promise<string[]> {
    const wanted = hasEngine && !options.includes("--rendered") ? PULUMI : "rendered";
    const kept = readRecord(SANDBOX_STACK)?.deployedBy.way === wanted ? objectsBefore() : undefined;
    const answers = () =>
        get(productPage).then(
            ({ status }) => status === 200,
            () => false,
        );
    if (kept && (await answers())) {
        return kept;
    }
    if (readRecord(SANDBOX_STACK) && hasTestSandbox()) {
        await npmRun("down", "--keep-cluster");
    }
    const before = await nothingDeployed();
    expect(await npmRun("up", ...options)).toMatchObject({ code: 0 });
    return before;
}
