import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Engine } from "../cli/engine/discovery";
import { EngineProject } from "./engineProject";
import { inTurn, type PartResult, type Series } from "./result";
import { median } from "./statistics";

const SIZES = [10, 100, 1000] as const;

/** How many times as much a further resource may cost in a large program than in a small one. */
const FLAT = 1.5;

interface Size {
    workloads: number;
    project: EngineProject;
    time: Series;
    memory: Series;
    resources: number;
    stateBytes: number;
}

/** What further workloads cost, by the engine and the provider, which writes files: no cluster takes a thousand of them. */
export async function measureGrowth(
    engine: Engine,
    rounds: number,
    scratch: string,
    stop: AbortSignal,
): Promise<PartResult> {
    const sizes: Size[] = [];
    for (const workloads of SIZES) {
        sizes.push(await sizeOf(engine, workloads, path.join(scratch, String(workloads)), stop));
    }
    await inTurn(
        rounds,
        sizes.map(({ project, time, memory }) => async () => {
            const preview = await project.preview(stop);
            time.samples.push(preview.seconds);
            memory.samples.push(preview.memory);
        }),
    );
    const [small, middle, large] = sizes as [Size, Size, Size];
    const growth = (pick: (size: Size) => Series) => {
        const [first, then] = [slope(small, middle, pick), slope(middle, large, pick)];
        // Where more takes less, it is noise that was measured.
        return first > 0 && then > 0 ? then / first : NaN;
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
        series: [...sizes.map(({ time }) => time), ...sizes.map(({ memory }) => memory)],
        checks: [
            {
                what: "time of a further resource, large / small",
                value: growth(({ time }) => time),
                limit: FLAT,
                unit: "times",
            },
            {
                what: "memory of a further resource, large / small",
                value: growth(({ memory }) => memory),
                limit: FLAT,
                unit: "times",
            },
        ],
    };
}

async function sizeOf(engine: Engine, workloads: number, scratch: string, stop: AbortSignal): Promise<Size> {
    const project = new EngineProject(engine, scratch, "growth");
    const input = { workloads, folder: path.join(scratch, "written") };
    writeFileSync(path.join(project.folder, "growth.json"), JSON.stringify(input));
    await project.prepare({}, stop);
    await project.upAtOnce(stop);
    const { resources, bytes } = await project.state(stop);
    await project.forget(stop);
    return {
        workloads,
        project,
        time: { label: `\`preview\` of ${workloads} workloads`, unit: "s", samples: [] },
        memory: { label: `memory of the program with ${workloads} workloads`, unit: "MB", samples: [] },
        resources,
        stateBytes: bytes,
    };
}

/** How much a series grows for each resource that one size has more than another. */
function slope(from: Size, to: Size, pick: (size: Size) => Series): number {
    return (median(pick(to).samples) - median(pick(from).samples)) / (to.resources - from.resources);
}

function costs(from: Size, to: Size): string {
    const time = slope(from, to, (size) => size.time) * 1000;
    const memory = slope(from, to, (size) => size.memory) * 1000;
    return `${time.toFixed(1)} ms and ${memory.toFixed(0)} kB`;
}
