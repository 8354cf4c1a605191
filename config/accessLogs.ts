/** The settings of access logs: their final form, and the check of them together. */
import type { AccessLogs } from "../components/istio/telemetry";
import { type ConfigIssue, inPulumi, invalidValue } from "./issues";
import type { Section } from "./schema";

type AccessLogSection = Section<"istio">["accessLogs"];

/** What the mesh gets: nothing without access logs. */
export function resolveAccessLogs({ enabled, filter }: AccessLogSection): AccessLogs | undefined {
    return enabled ? { ...(filter !== undefined && { filter }) } : undefined;
}

export function checkAccessLogs({ enabled, filter }: AccessLogSection): ConfigIssue[] {
    if (enabled || filter === undefined) {
        return [];
    }
    const path = ["istio", "accessLogs"];
    const switchKey = inPulumi([...path, "enabled"]);
    const issue = invalidValue([...path, "filter"], filter, `it has no effect because ${switchKey} is false`);
    return [{ ...issue, remedy: `Run: pulumi config set --path ${switchKey} true` }];
}
