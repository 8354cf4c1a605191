/** `npm run bench`: measures this program side by side with others, and checks the results against limits. */
import path from "node:path";
import { Argument, Command } from "commander";
import { wholeNumber } from "../cli/terminal/optionValues";
import { load } from "../compile/compiled";
import { invocationOf } from "../shared/invocation";
import { PROJECT_FOLDER } from "../shared/project";
import type * as Measure from "./measure";
import { PART_NAMES } from "./partNames";

const program = new Command(invocationOf("bench"))
    .description(
        "Measures this program side by side with others on the sandbox, and writes the results with their limits.",
    )
    .addArgument(new Argument("[parts...]", "the parts to measure (default: all)").choices(PART_NAMES))
    .option("--rounds <number>", "rounds of each part; the ratios compare medians", wholeNumber(1, 100), 5)
    .option("--out <file>", "file for the results", path.join(PROJECT_FOLDER, "docs", "benchmarks.md"))
    .action((parts: string[], options: Measure.BenchOptions) => {
        const { bench } = load(path.join(__dirname, "measure.ts")) as typeof Measure;
        return bench(parts, options);
    });
void program.parseAsync();
