import { inPulumi } from "./issues";
import { leaves } from "./keys";

/** Every key of the config as a Markdown table, for docs/config.md. */
export function configTable(): string {
    const rows = leaves().map(({ path, allowed, fallback, description }) => [
        `\`${inPulumi(path)}\``,
        allowed,
        fallback === undefined ? "required" : `\`${fallback}\``,
        description,
    ]);
    const header = ["Key", "Allowed", "Default", "What it sets"];
    return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
