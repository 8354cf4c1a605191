import { ACCESS_LOG_PROVIDER, TRACING_PROVIDER } from "../names";
import type { TelemetrySpec } from "./api";

export interface TelemetrySettings {
    /** With tracing enabled, each proxy sends Jaeger this percentage (0 to 100) of the requests that begin at it. */
    tracing: { enabled: boolean; sampling: number };
    /** Each proxy logs requests. Default: none does. */
    accessLogs?: AccessLogs;
}

export interface AccessLogs {
    /** A CEL expression over Envoy's attributes: only requests for which it is true are logged. Default: all. */
    filter?: string;
}

/** The mesh's traces and access logs; undefined without both. For everything else, such as metrics, istiod keeps its defaults. */
export function telemetrySpec({ tracing, accessLogs }: TelemetrySettings): TelemetrySpec | undefined {
    if (!tracing.enabled && !accessLogs) {
        return undefined;
    }
    const { sampling } = tracing;
    return {
        ...(tracing.enabled && {
            tracing: [{ providers: [{ name: TRACING_PROVIDER }], randomSamplingPercentage: sampling }],
        }),
        ...(accessLogs && { accessLogging: [loggingOf(accessLogs)] }),
    };
}

function loggingOf({ filter }: AccessLogs): NonNullable<TelemetrySpec["accessLogging"]>[number] {
    return {
        providers: [{ name: ACCESS_LOG_PROVIDER }],
        ...(filter !== undefined && { filter: { expression: filter } }),
    };
}
