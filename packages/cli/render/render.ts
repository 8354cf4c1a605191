import path from "node:path";
import pc from "picocolors";
import { requireHelm } from "../../kubernetes/helm";
import { readStackFile } from "../program/projectConfig";
import { runCommand } from "../terminal/runCommand";
import { chartDigestsOf } from "./chartDigests";
import { refuseForeign, renderedFiles, replaceFolder } from "./folder";
import { declarationWithPlaceholders, withPlaceholderCredentials } from "./placeholders";
import { renderSteps } from "./rendering";
import { stepsOf } from "./steps";

export interface RenderOptions {
    stack: string;
    out?: string;
    manifests?: boolean;
}

/** Runs `render` to its end, and exits. */
export function render(options: RenderOptions): Promise<void> {
    return runCommand((stop) => write(options, stop));
}

async function write({ stack, out, manifests }: RenderOptions, stop: AbortSignal): Promise<void> {
    const folder = out ?? path.join("rendered", stack);
    refuseForeign(folder);
    const helm = manifests ? await requireHelm() : undefined;

    const file = withPlaceholderCredentials(readStackFile(stack), { charts: helm !== undefined });
    const declaration = await declarationWithPlaceholders(stack, file, stop);
    const rendering = await renderSteps(stack, stepsOf(declaration), helm, stop, chartDigestsOf(file));
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
