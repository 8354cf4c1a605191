import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { bookinfoVersion, istioVersion } from "../../../packages/sandbox/settings";
import { describeEngine, pulumiOn, readState, recordedObjects } from "../engine";
import { clone, coldStart, get, kubectl, lastingObjects, listObjects, npmRun, stackFileWith } from "../commands";
import { chartsOf, nextIstioVersion, tagAgain } from "./nextVersion";
import { interrupt, interruptionsAfter, moments, seed } from "./ways";

/*
 * A deployment goes from one state to another, and is interrupted on its way. The next `up`, be it there or back, must get to where
 * an undisturbed one does.
 */

const stack = "interrupted";
const page = "http://198.51.100.20/productpage";
const stackFile = path.join(clone, `Pulumi.${stack}.yaml`);
const folder = fs.mkdtempSync(path.join(tmpdir(), "interrupted-"));

type Version = "old" | "next";

describeEngine(`interrupted at ${moments.length} moments of a change, seed ${seed}`, () => {
    const versions = {
        old: {},
        next: {
            istio: { version: nextIstioVersion, chartRepository: folder, tracing: { enabled: false } },
            bookinfo: { tag: "next" },
        },
    };
    const expected: Partial<Record<Version, Awaited<ReturnType<typeof look>>>> = {};
    /** How long an undisturbed run takes, in milliseconds. */
    const duration = { old: 0, next: 0 };

    const configure = (version: Version) => {
        fs.writeFileSync(stackFile, stackFileWith(versions[version]));
    };
    const up = async (version: Version) => {
        configure(version);
        const begun = Date.now();
        const { code, output } = await npmRun("up", "--stack", stack);
        duration[version] ||= Date.now() - begun;
        expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    };
    /** All that one version differs from the other in; Helm counts its revisions on. */
    const look = async () => ({
        state: readState(stack),
        objects: (await lastingObjects()).filter((object) => !object.includes("sh.helm.release")),
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
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        await tagAgain(istioVersion, nextIstioVersion);
        await tagAgain(bookinfoVersion, "next");
        chartsOf(nextIstioVersion, folder);
        await up("old");
        duration.old = 0;
        for (const version of ["next", "old"] as const) {
            await up(version);
            expected[version] = await look();
        }
        expect(expected.next).not.toEqual(expected.old);
    }, coldStart);

    afterAll(async () => {
        await npmRun("down", "--stack", stack);
        fs.rmSync(stackFile, { force: true });
        fs.rmSync(folder, { recursive: true });
        await npmRun("sandbox", "down");
    }, 300_000);

    it.each(moments)(
        "at moment $moment ($fraction of the run, $way): the next up converges",
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
            expect(await get(page)).toMatchObject({ status: 200 });
            expect(await look()).toEqual(expected[end]);
            expect(await listObjects()).toEqual(expect.arrayContaining(recordedObjects(stack)));
            expect(await pulumiOn(stack)("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
        },
        600_000,
    );
});
