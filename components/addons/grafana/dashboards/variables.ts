import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { PROMETHEUS } from "../datasource";
import { select, WHOLE_RANGE } from "./promql";

export type Variable = dashboard.CustomVariableBuilder | dashboard.QueryVariableBuilder;

/** Requests and TCP connections: a service can have only one of them. */
const ANY_TRAFFIC = '__name__=~"istio_requests_total|istio_tcp_connections_opened_total"';

interface Text {
    name: string;
    label: string;
    description: string;
    /** Whether the user can choose several values, or all. Queries must then compare with `=~`. */
    several?: boolean;
}

/** The values of a label of the standard metrics. */
export function labelValues(text: Text, label: string, ...matchers: string[]): Variable {
    return queried(text, `label_values(${select("", [ANY_TRAFFIC, ...matchers])}, ${label})`);
}

/**
 * The values of `source_<label>` and `destination_<label>`. Both are needed, because an ingress gateway is only a source and
 * a database is only a destination. Matchers have no prefix, as in `workload_namespace="default"`.
 */
export function peerValues(text: Text, label: string, ...matchers: string[]): Variable {
    const side = (prefix: string) => {
        const matching = matchers.map((matcher) => `${prefix}_${matcher}`);
        const known = `${prefix}_${label}!="unknown"`;
        const series = `last_over_time(${select("", [ANY_TRAFFIC, known, ...matching])}[${WHOLE_RANGE}])`;
        return `label_replace(${series}, "peer", "$1", "${prefix}_${label}", "(.*)")`;
    };
    return queried(text, `query_result(count by (peer) (${side("source")} or ${side("destination")}))`).regex(
        '/peer="([^"]+)"/',
    );
}

/**
 * The proxy whose counts are shown. By default the server's, because it knows the client's identity. The client's also
 * counts requests that never reach a server, and those that leave the mesh.
 */
export function reporter(): Variable {
    return new dashboard.CustomVariableBuilder("reporter")
        .label("Counted by")
        .description("The proxy that counts a request: the server's (destination) or the client's (source)")
        .values("server : destination, client : source")
        .current({ selected: true, text: "server", value: "destination" })
        .options([
            { selected: true, text: "server", value: "destination" },
            { selected: false, text: "client", value: "source" },
        ]);
}

function queried({ name, label, description, several }: Text, query: string): dashboard.QueryVariableBuilder {
    const variable = new dashboard.QueryVariableBuilder(name)
        .label(label)
        .description(description)
        .datasource(PROMETHEUS)
        .query({ query, refId: name })
        .definition(query)
        .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
        .sort(dashboard.VariableSort.AlphabeticalAsc);
    return several
        ? variable
              .multi(true)
              .includeAll(true)
              .allValue(".*")
              .current({ selected: true, text: ["All"], value: ["$__all"] })
        : variable;
}
