import { existsSync, readFileSync } from "node:fs";
import { withoutControls } from "../../shared/controlCharacters";
import { parseJson } from "../../shared/json";

interface EngineEvent {
    diagnosticEvent?: { severity?: string; message?: string };
}

/** The engine's colour tags, such as `<{%fg 1%}>`. */
const COLOUR = /<\{%[^%]*%\}>/g;

/** The errors in a log of engine events, in their order; empty without a log. */
export function errorsIn(file: string): string[] {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    return lines.flatMap((line) => {
        // The last line of a killed engine may be incomplete.
        const event = parseJson(line) as EngineEvent | undefined;
        const { severity, message = "" } = event?.diagnosticEvent ?? {};
        return severity === "error" ? [withoutControls(message.replace(COLOUR, "")).trim()] : [];
    });
}
