import { dashboards } from "../../components/addons/grafana/dashboards/dashboards";

// The fields of Grafana's classic dashboard model that are checked.

export interface Panel {
    id: number;
    type: string;
    title: string;
    description?: string;
    datasource?: object;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: Target[];
    fieldConfig?: { defaults: { unit?: string }; overrides: Override[] };
    transformations?: { id: string; options: { renameByName?: Record<string, string> } }[];
}
export interface Target {
    refId: string;
    expr: string;
    datasource?: object;
    legendFormat?: string;
    instant: boolean;
    range: boolean;
    format?: string;
}
export interface Override {
    matcher: { id: string; options: string };
    properties: { id: string; value: unknown }[];
}
export interface Variable {
    name: string;
    type: string;
    description: string;
    multi?: boolean;
    query: string | { query: string };
    regex?: string;
    datasource?: object;
}
export interface Dashboard {
    uid: string;
    title: string;
    description: string;
    editable: boolean;
    tags: string[];
    links: { type: string; tags: string[]; keepTime: boolean }[];
    panels: Panel[];
    templating: { list: Variable[] };
}

/** The dashboards as Grafana reads them. */
export const DASHBOARDS = Object.entries(dashboards()).map(([file, json]) => ({
    file,
    json,
    ...(JSON.parse(json) as Dashboard),
}));
/** Every query of every panel, with Grafana's variables in it. */
export const QUERIES = DASHBOARDS.flatMap((dashboard) =>
    contentOf(dashboard).flatMap((panel) =>
        (panel.targets ?? []).map((target) => ({
            dashboard,
            panel,
            target,
            name: `${dashboard.title}: ${panel.title}`,
        })),
    ),
);

/** The panels without the titles of sections. */
export function contentOf({ panels }: Dashboard): Panel[] {
    return panels.filter(({ type }) => type !== "row");
}
