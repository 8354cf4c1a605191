import { inPulumi } from "./issues";
import { type Key, leaves } from "./keys";

/** The service whose keys stand for those of the others, which have fewer versions. */
const EXAMPLE_SERVICE = "reviews";

function listed(keys: Key[]): Key[] {
    return keys.filter(({ path: [section, part, service] }) => {
        const ofService = section === "bookinfo" && ["traffic", "rateLimit"].includes(part ?? "");
        return !ofService || service === EXAMPLE_SERVICE;
    });
}

/** Every key of the config as a Markdown table, for docs/config.md. */
export function configTable(): string {
    const rows = listed(leaves()).map(({ path, allowed, fallback, description }) => [
        `\`${inPulumi(path)}\``,
        allowed,
        fallback === undefined ? "required" : `\`${fallback}\``,
        description,
    ]);
    const header = ["Key", "Allowed", "Default", "What it sets"];
    return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
