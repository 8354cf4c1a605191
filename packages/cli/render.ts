/** `render`: what the program declares, as files, without a cluster and without credentials. */
import path from "node:path";
import pc from "picocolors";
import { requireHelm } from "../kubernetes/helm";
import { PROJECT_FOLDER, PROJECT_NAME, SANDBOX_STACK } from "../shared/project";
import { evaluateProgram } from "./program/evaluate";
import { completeConfig, readStackFile } from "./program/projectConfig";
import { refuseForeign, renderedFiles, replaceFolder } from "./render/folder";
import { withPlaceholders } from "./render/placeholders";
import { renderSteps } from "./render/rendering";
import { stepsOf } from "./render/steps";
import { commandOf } from "./terminal/commandLine";
import { runCommand } from "./terminal/runCommand";

interface Options {
    stack: string;
    out?: string;
    manifests?: boolean;
}

async function render({ stack, out, manifests }: Options, stop: AbortSignal): Promise<void> {
    const folder = out ?? path.join("rendered", stack);
    refuseForeign(folder);
    const helm = manifests ? requireHelm() : undefined;

    const declaration = await withPlaceholders(completeConfig(stack, readStackFile(stack)), (config) =>
        evaluateProgram({ folder: PROJECT_FOLDER, project: PROJECT_NAME, stack, config }, stop),
    );
    const rendering = await renderSteps(stack, stepsOf(declaration), helm, stop);
    replaceFolder(folder, renderedFiles(rendering));

    for (const step of rendering.steps) {
        console.log(step.name);
    }
    console.log(pc.green(`${rendering.steps.length} steps of stack "${stack}" rendered into ${folder}`));
    console.log(
        manifests
            ? "Each release has its values and its manifest."
            : "Each release has its values; --manifests adds its manifest (needs helm and the chart repository).",
    );
    for (const step of rendering.steps.filter((step) => step.type === "object" && step.secret !== undefined)) {
        console.error(pc.yellow(`${step.name} is written without its content, because that is secret.`));
    }
}

export const command = commandOf("render")
    .description("Writes what the program declares as files, in the order in which they can be applied.")
    .option("--stack <name>", "the stack whose config is used: Pulumi.<name>.yaml", SANDBOX_STACK)
    .option("--out <folder>", "where to write; an earlier rendering there is replaced (default: rendered/<stack>)")
    .option("--manifests", "add the manifest of each release, by helm and from the chart repository")
    .action((options: Options) => runCommand((stop) => render(options, stop)));
