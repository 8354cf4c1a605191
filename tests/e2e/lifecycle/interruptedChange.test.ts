import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { bookinfoVersion, istioVersion } from "../../../packages/sandbox/settings";
import { describeWithPulumi, pulumiOn, readState, recordedObjects } from "../engine";
import {
    coldStart,
    get,
    kubectl,
    listObjects,
    npmRun,
    productPage,
    removeStack,
    stableObjects,
    writeStackFile,
} from "../commands";
import { interrupt, interruptionsAfter, moments, seed } from "./interruptions";
import { copyCharts, copyImages, nextIstioVersion } from "./nextVersion";
import { nothingDeployed } from "../sharedSandbox";

/*
 * A change from one version to another is interrupted. The next `up`, to the new version or back to the old one, must end in the same
 * state as an uninterrupted one.
 */

const stack = "interrupted";
const folder = fs.mkdtempSync(path.join(tmpdir(), "interrupted-"));

type Version = "old" | "next";

describeWithPulumi(`interrupted at ${moments.length} moments of a change, seed ${seed}`, () => {
    const versions = {
        old: {},
        next: {
            istio: { version: nextIstioVersion, chartRepository: folder, tracing: { enabled: false } },
            bookinfo: { tag: "next" },
        },
    };
    const expected: Partial<Record<Version, Awaited<ReturnType<typeof observe>>>> = {};
    /** How long an uninterrupted run takes, in milliseconds. */
    const duration = { old: 0, next: 0 };

    const configure = (version: Version) => {
        writeStackFile(stack, versions[version]);
    };
    const up = async (version: Version) => {
        configure(version);
        const begun = Date.now();
        const { code, output } = await npmRun("up", "--stack", stack);
        duration[version] ||= Date.now() - begun;
        expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    };
    /** Everything in which the versions differ. Helm's releases are left out, because each run adds a revision. */
    const observe = async () => ({
        state: readState(stack),
        objects: (await stableObjects()).filter((object) => !object.includes("sh.helm.release")),
        images: await kubectl("get", "deployments", "--all-namespaces", "--output=jsonpath={..image}"),
        settings: await kubectl(
            "get",
            "configmap",
            "istio",
            "--namespace=istio-system",
            "--output=jsonpath={.data.mesh}",
        ),
    });

    beforeAll(async () => {
        await nothingDeployed();
        await copyImages(istioVersion, nextIstioVersion);
        await copyImages(bookinfoVersion, "next");
        copyCharts(nextIstioVersion, folder);
        await up("old");
        duration.old = 0;
        for (const version of ["next", "old"] as const) {
            await up(version);
            expected[version] = await observe();
        }
        expect(expected.next).not.toEqual(expected.old);
    }, coldStart);

    afterAll(async () => {
        await removeStack(stack);
        fs.rmSync(folder, { recursive: true });
    }, 300_000);

    it.each(moments)(
        "at moment $moment ($fraction of the run, $kind): the next up converges",
        async (moment) => {
            const there = moment.moment % 4 < 2 ? "next" : "old";
            const back = there === "next" ? "old" : "next";
            await up(back);
            configure(there);
            await interrupt(moment, duration[there], "up", "--stack", stack);
            for (const later of interruptionsAfter(moment)) {
                await interrupt(later, duration[there], "up", "--stack", stack);
            }
            const end = moment.moment % 2 === 1 ? there : back;
            await up(end);
            expect(await get(productPage)).toMatchObject({ status: 200 });
            expect(await observe()).toEqual(expected[end]);
            expect(await listObjects()).toEqual(expect.arrayContaining(recordedObjects(stack)));
            expect(await pulumiOn(stack)("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
        },
        600_000,
    );
});
