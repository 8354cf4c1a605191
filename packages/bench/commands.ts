import { rmSync } from "node:fs";
import path from "node:path";
import { readRecord } from "../cli/stack/record";
import { sandboxStatus } from "../cli/sandbox";
import { run } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { readOr } from "../shared/processId";
import { PROJECT_FOLDER, SANDBOX_STACK } from "../shared/project";
import { type Check, type Contender, contender, inTurn, type PartResult, type Setting, usual } from "./result";

const VERBS = ["up", "down", "verify", "load", "dashboard", "render", "sandbox", "bench"];

/** Limits in seconds of CPU time. */
const LIMITS = { help: 0.15, load: 0.6, verify: 1, up: 2 };

interface Measured {
    contender: Contender;
    limit?: number;
}

/** Measures the CPU time of the commands themselves. What needs a deployed stack is measured if there is one. */
export async function measureCommands(setting: Omit<Setting, "engine">): Promise<PartResult> {
    const deployed = readRecord(SANDBOX_STACK) !== undefined && (await sandboxStatus(setting.stop)).state === "up";
    const measured = [
        bySpending(setting, "`node -e 0`", ["-e", "0"]),
        ofCommand(setting, ["--help"], LIMITS.help),
        ...VERBS.map((verb) => ofCommand(setting, [verb, "--help"], LIMITS.help)),
        ...(deployed
            ? [
                  ofCommand(setting, ["load", "--requests", "100"], LIMITS.load),
                  ofCommand(setting, ["verify"], LIMITS.verify),
                  ofCommand(setting, ["up"], LIMITS.up, "`bookinfo up` with nothing to change"),
              ]
            : []),
    ];
    const contenders = measured.map(({ contender }) => contender);
    // The first run makes the builds.
    await inTurn(1, contenders);
    contenders.forEach(({ series }) => (series.samples.length = 0));
    await inTurn(setting.rounds, contenders);
    return {
        title: "The commands",
        notes: [
            "CPU time of the command's Node.js processes, user and system together, as the kernel counts it. The processes of " +
                "Pulumi's engine and Helm are not in it. `node -e 0` is what Node.js itself takes. `load` includes its requests.",
            ...(deployed
                ? []
                : ["Nothing was deployed to the sandbox: `load`, `verify` and `up` were not measured in this run."]),
        ],
        series: contenders.map(({ series }) => series),
        checks: measured.flatMap(({ contender: { series }, limit }): Check[] =>
            limit === undefined ? [] : [usual(series.label, series, limit)],
        ),
    };
}

function ofCommand(
    setting: Omit<Setting, "engine">,
    args: string[],
    limit: number,
    label = `\`bookinfo ${args.join(" ")}\``,
): Measured {
    return bySpending(setting, label, [path.join("packages", "cli", "bookinfo.js"), ...args], limit);
}

/** Runs Node.js, and adds up the CPU time of its processes. */
function bySpending(setting: Omit<Setting, "engine">, label: string, args: string[], limit?: number): Measured {
    const { scratch, stop } = setting;
    const file = path.join(scratch, "cpu");
    const env = {
        ...process.env,
        NODE_OPTIONS: `--require ${path.join(__dirname, "cpuTime.cjs")}`,
        BENCH_CPU_TIME: file,
    };
    const measure = async () => {
        rmSync(file, { force: true });
        const { code, stdout, stderr } = await run(process.execPath, args, { cwd: PROJECT_FOLDER, env, stop });
        if (code !== 0) {
            throw new UserError(`${label} failed:\n${stdout}${stderr}`);
        }
        const times = readOr(file, "").trimEnd().split("\n").map(Number);
        return times.reduce((sum, time) => sum + time, 0);
    };
    return { contender: contender(label, measure, "CPU s"), limit };
}
