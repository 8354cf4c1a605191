import path from "node:path";
import { EngineProject } from "./engineProject";
import { type Check, contender, inTurn, median, type PartResult, type Series, type Setting } from "./result";

const SIZES = [10, 100, 1000] as const;

/** Limit for the cost of a further resource in a large program: a multiple of that in a small one. */
const FLAT = 1.5;

type Size = Awaited<ReturnType<typeof sizeOf>>;

/** Measures the cost of further workloads. The provider writes files, because no cluster here can run a thousand workloads. */
export async function measureGrowth(setting: Setting): Promise<PartResult> {
    const sizes: Size[] = [];
    for (const workloads of SIZES) {
        sizes.push(await sizeOf(setting, workloads));
    }
    const previews = sizes.map(({ preview }) => preview);
    await inTurn(setting.rounds, previews);
    const [small, middle, large] = sizes as [Size, Size, Size];
    const growth = (what: string, pick: (size: Size) => Series): Check => {
        const [first, then] = [slope(small, middle, pick), slope(middle, large, pick)];
        // If more resources cost less, the measurement shows only noise.
        return { what, value: first > 0 && then > 0 ? then / first : NaN, limit: FLAT, unit: "times" };
    };
    return {
        title: "Growth",
        notes: [
            `The program declares Bookinfo's components in as many namespaces as ${SIZES.join(", ")} workloads need. The engine ` +
                "previews it with a Kubernetes provider that writes files. The state is that of one `up`.",
            sizes
                .map(
                    ({ workloads, resources, stateBytes }) =>
                        `${workloads} workloads: ${resources} resources, ${(stateBytes / 1000).toFixed(0)} kB of state, ` +
                        `${(stateBytes / resources / 1000).toFixed(2)} kB for each resource.`,
                )
                .join(" "),
            `Each additional resource costs ${costs(small, middle)} up to ${middle.workloads} workloads, and ` +
                `${costs(middle, large)} from there to ${large.workloads}.`,
        ],
        series: [...previews.map(({ series }) => series), ...sizes.map(({ memory }) => memory)],
        checks: [
            growth("time of a further resource, large / small", ({ preview }) => preview.series),
            growth("memory of a further resource, large / small", ({ memory }) => memory),
        ],
    };
}

async function sizeOf(setting: Setting, workloads: number) {
    const input = { workloads, folder: path.join(setting.scratch, String(workloads), "written") };
    const options = { program: "growth", input: { "growth.json": input } };
    const project = await EngineProject.create(setting, String(workloads), options);
    await project.upAtOnce();
    const { resources, bytes: stateBytes } = await project.state();
    await project.forget();
    const label = `memory of the program with ${workloads} workloads`;
    const memory: Series = { label, unit: "MB", samples: [] };
    const preview = contender(`\`preview\` of ${workloads} workloads`, async () => {
        const done = await project.preview();
        memory.samples.push(done.memory);
        return done.seconds;
    });
    return { workloads, preview, memory, resources, stateBytes };
}

/** The growth of a series for each further resource between two sizes. */
function slope(from: Size, to: Size, pick: (size: Size) => Series): number {
    return (median(pick(to).samples) - median(pick(from).samples)) / (to.resources - from.resources);
}

function costs(from: Size, to: Size): string {
    const time = slope(from, to, ({ preview }) => preview.series) * 1000;
    const memory = slope(from, to, (size) => size.memory) * 1000;
    return `${time.toFixed(1)} ms and ${memory.toFixed(0)} kB`;
}
