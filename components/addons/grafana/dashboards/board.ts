import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type { Panel } from "./panels";
import type { Variable } from "./variables";

/** Uids of the dashboards: their addresses, `/d/<uid>`, which links and bookmarks hold. Not to be changed. */
export const UID = {
    mesh: "istio-mesh",
    service: "istio-service",
    workload: "istio-workload",
    controlPlane: "istio-control-plane",
} as const;

const TAG = "istio";

export interface Board {
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
 * The JSON of a dashboard: sections from top to bottom, their panels from left to right, and links to the other
 * dashboards, which keep the time range and the values of the variables that both have.
 */
export function board({ uid, title, description, variables, sections }: Board): string {
    // Grafana's classic model, which every version takes from files. The SDK would rather have the second.
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

/** The address of a dashboard with some variables set, and with the reporter and the time range of where the link is. */
export function linkTo(uid: string, variables: Record<string, string>): string {
    const values = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
    return `/d/${uid}?${[...values, "${reporter:queryparam}", "${__url_time_range}"].join("&")}`;
}

/** In a link from a table: the value that the row has under a heading. */
export function ofRow(heading: string): string {
    return `\${__data.fields["${heading}"]}`;
}
