import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type { Panel } from "./panels";
import type { Variable } from "./variables";

/** Uids of the dashboards. Never change them: links and bookmarks contain them (`/d/<uid>`). */
export const UID = {
    mesh: "istio-mesh",
    service: "istio-service",
    workload: "istio-workload",
    controlPlane: "istio-control-plane",
} as const;

const TAG = "istio";

interface Board {
    uid: (typeof UID)[keyof typeof UID];
    title: string;
    description: string;
    variables: Variable[];
    sections: Section[];
}

export interface Section {
    title: string;
    panels: Panel[];
}

export function section(title: string, ...panels: Panel[]): Section {
    return { title, panels };
}

/**
 * The JSON of a dashboard: sections from top to bottom, their panels from left to right, and links to other dashboards.
 * The links keep the time range and the values of common variables.
 */
export function board({ uid, title, description, variables, sections }: Board): string {
    // The classic model, because every version of Grafana reads it from files. The SDK prefers its successor.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const builder = new dashboard.DashboardBuilder(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .tooltip(dashboard.DashboardCursorSync.Crosshair)
        .time({ from: "now-30m", to: "now" })
        .refresh("15s")
        .variables(variables)
        .link(
            new dashboard.DashboardLinkBuilder("Istio")
                .type(dashboard.DashboardLinkType.Dashboards)
                .tags([TAG])
                .keepTime(true)
                .includeVars(true),
        );
    let id = 0;
    for (const { title, panels } of sections) {
        builder.withRow(new dashboard.RowBuilder(title).id(++id));
        for (const panel of panels) {
            builder.withPanel(panel.id(++id));
        }
    }
    return JSON.stringify(builder.build());
}

/** The address of a dashboard with values for variables. Reporter and time range are those of the linking dashboard. */
export function linkTo(uid: string, variables: Record<string, string>): string {
    const values = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
    return `/d/${uid}?${[...values, "${reporter:queryparam}", "${__url_time_range}"].join("&")}`;
}

/** In a link from a table: the row's value under a heading. */
export function ofRow(heading: string): string {
    return `\${__data.fields["${heading}"]}`;
}
