/** `npm run render`: what the program declares, as files, without a cluster and without credentials. */
import path from "node:path";
import { Command } from "commander";
import pc from "picocolors";
import { runCommand } from "./terminal/commandLine";
import { findHelm } from "../kubernetes/helm";
import { evaluateProgram } from "./program/evaluate";
import { readStackConfig } from "./program/projectConfig";
import { PROJECT_FOLDER, PROJECT_NAME, SANDBOX_STACK } from "../shared/project";
import { refuseForeign, renderedFiles, replaceFolder } from "./render/folder";
import { withPlaceholderCluster } from "./render/placeholderCluster";
import { renderSteps } from "./render/rendering";
import { stepsOf } from "./render/steps";

interface Options {
    stack: string;
    out?: string;
}

async function render({ stack, out }: Options, stop: AbortSignal): Promise<void> {
    const folder = out ?? path.join("rendered", stack);
    refuseForeign(folder);

    const declaration = await withPlaceholderCluster(readStackConfig(stack), (config) =>
        evaluateProgram({ folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config }, undefined, stop),
    );
    const helm = findHelm();
    const rendering = await renderSteps(stack, stepsOf(declaration), helm, stop);
    replaceFolder(folder, renderedFiles(rendering));

    for (const step of rendering.steps) {
        console.log(step.name);
    }
    console.log(pc.green(`${rendering.steps.length} steps of stack "${stack}" rendered into ${folder}`));
    for (const step of rendering.steps.filter((step) => step.type === "object" && step.secret !== undefined)) {
        console.error(pc.yellow(`${step.name} is written without its content: that is a secret.`));
    }
    if (helm === undefined) {
        console.error(pc.yellow("helm was not found on PATH: the releases have their values, and no manifest."));
    }
}

const program = new Command("npm run render --")
    .description("Writes what the program declares as files, in the order in which they can be applied.")
    .option("--stack <name>", "the stack whose config is used: Pulumi.<name>.yaml", SANDBOX_STACK)
    .option("--out <folder>", "where to write; an earlier rendering there is replaced (default: rendered/<stack>)")
    .action((options: Options) => runCommand((stop) => render(options, stop)));
void program.parseAsync();
