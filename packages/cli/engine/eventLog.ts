import { readFileSync } from "node:fs";

interface EngineEvent {
    diagnosticEvent?: { severity?: string; message?: string };
}

/** The engine's colour tags, such as `<{%fg 1%}>`. */
const COLOUR = /<\{%[^%]*%\}>/g;

/** The errors in a log of engine events, in their order; empty without a log. */
export function errorsIn(file: string): string[] {
    let lines: string[];
    try {
        lines = readFileSync(file, "utf8").split("\n");
    } catch {
        return [];
    }
    return lines.flatMap((line) => {
        const { severity, message = "" } = eventOf(line).diagnosticEvent ?? {};
        return severity === "error" ? [message.replace(COLOUR, "").trim()] : [];
    });
}

/** The event in a line. The last line of a killed engine may be incomplete. */
function eventOf(line: string): EngineEvent {
    try {
        return JSON.parse(line) as EngineEvent;
    } catch {
        return {};
    }
}
