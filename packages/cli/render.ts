/** `render`: what the program declares, as files, without a cluster and without credentials. */
import path from "node:path";
import { load } from "../compile/compiled";
import { SANDBOX_STACK } from "../shared/project";
import type * as Render from "./render/render";
import { commandOf } from "./terminal/commandLine";

export const command = commandOf("render")
    .description("Writes what the program declares as files, in the order in which they can be applied.")
    .option("--stack <name>", "the stack whose config is used: Pulumi.<name>.yaml", SANDBOX_STACK)
    .option("--out <folder>", "where to write; an earlier rendering there is replaced (default: rendered/<stack>)")
    .option("--manifests", "add the manifest of each release, by helm and from the chart repository")
    .action((options: Render.RenderOptions) => {
        const { render } = load(path.join(__dirname, "render/render.ts")) as typeof Render;
        return render(options);
    });
