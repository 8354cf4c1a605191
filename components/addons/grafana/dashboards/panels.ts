import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { PROMETHEUS } from "../datasource";
import type { Colours } from "./colours";

export type Panel = stat.PanelBuilder | table.PanelBuilder | timeseries.PanelBuilder;

/** Grafana's names of the units that the queries give. */
export type Unit =
    | "bytes" // 1 KiB is 1024
    | "binBps" // bytes per second
    | "cps" // counts per second
    | "ms"
    | "none" // the plain number
    | "percentunit" // 0 to 1
    | "reqps"
    | "s"
    | "short"; // a number, shortened: 1.2 K

/** Widths, in Grafana's 24 columns. */
export const WIDTH = { full: 24, half: 12, third: 8, quarter: 6, sixth: 4, eighth: 3 } as const;

const HEIGHT = { figure: 4, graph: 8, table: 9 };

export interface Series {
    expr: string;
    /** The series' name; `{{label}}` is replaced by a label's value. */
    legend: string;
}

interface FigureOptions {
    /** Text to show if the query has no result. */
    empty?: string;
    colours?: Colours;
    /** A name for each number, if the query has several; `{{label}}` is replaced by a label's value. */
    legend?: string;
    width?: number;
}

/** Numbers at the end of the time range. The query itself may look back over all of it. */
export function figure(
    title: string,
    unit: Unit,
    description: string,
    expr: string,
    { empty = "no data", colours = ["text"], legend, width = WIDTH.sixth }: FigureOptions = {},
): stat.PanelBuilder {
    return describe(new stat.PanelBuilder(), title, unit, description, HEIGHT.figure, width)
        .withTarget(
            query(0, expr)
                .instant()
                .legendFormat(legend ?? title),
        )
        .noValue(empty)
        .colorMode(common.BigValueColorMode.Value)
        .graphMode(common.BigValueGraphMode.None)
        .textMode(legend ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Value)
        .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
        .thresholds(thresholds(colours));
}

interface GraphOptions {
    /** Puts the lines on top of each other, so that the top shows their sum. */
    stacked?: boolean;
    /** The scale's upper end. */
    max?: number;
    width?: number;
}

/** Lines over time, on a scale from 0. */
export function graph(
    title: string,
    unit: Unit,
    description: string,
    series: Series[],
    { stacked = false, max, width = WIDTH.half }: GraphOptions = {},
): timeseries.PanelBuilder {
    const panel = describe(new timeseries.PanelBuilder(), title, unit, description, HEIGHT.graph, width)
        .targets(series.map(({ expr, legend }, i) => query(i, expr).range().legendFormat(legend)))
        .min(0)
        .lineWidth(1)
        .fillOpacity(stacked ? 40 : 8)
        .showPoints(common.VisibilityMode.Auto)
        .legend(
            new common.VizLegendOptionsBuilder()
                .showLegend(true)
                .displayMode(common.LegendDisplayMode.Table)
                .placement(common.LegendPlacement.Bottom)
                .calcs(["lastNotNull", "max"])
                .sortBy("Max")
                .sortDesc(true),
        )
        .tooltip(
            new common.VizTooltipOptionsBuilder()
                .mode(common.TooltipDisplayMode.Multi)
                .sort(common.SortOrder.Descending),
        );
    if (stacked) {
        panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
    }
    return max === undefined ? panel : panel.max(max);
}

export interface Column {
    heading: string;
    unit: Unit;
    expr: string;
    colours?: Colours;
}

/**
 * A table with a row for each combination of labels, and a column for each query.
 *
 * @param keys The labels that all queries group by, with their headings.
 * @param links What a click on a value opens, by the heading of its column.
 */
export function breakdown(
    title: string,
    description: string,
    keys: Record<string, string>,
    columns: Column[],
    links: Record<string, string> = {},
): table.PanelBuilder {
    const fields = [...Object.entries(keys), ...columns.map(({ heading }, i) => [`Value #${letter(i)}`, heading])];
    const panel = describe(new table.PanelBuilder(), title, "short", description, HEIGHT.table, WIDTH.full)
        .targets(columns.map(({ expr }, i) => query(i, expr).instant().format(prometheus.PromQueryFormat.Table)))
        // Each query returns one table. This joins the rows with the same labels.
        .withTransformation({ id: "merge", options: {} })
        .withTransformation({
            id: "organize",
            options: {
                excludeByName: { Time: true },
                indexByName: Object.fromEntries(fields.map(([field], i) => [field, i])) as Record<string, number>,
                renameByName: Object.fromEntries(fields) as Record<string, string>,
            },
        })
        .sortBy([new common.TableSortByFieldStateBuilder().displayName(columns[0]?.heading ?? "").desc(true)]);
    for (const { heading, unit, colours } of columns) {
        panel.overrideByName(heading, [{ id: "unit", value: unit }, ...(colours ? coloured(colours) : [])]);
    }
    for (const [heading, url] of Object.entries(links)) {
        panel.overrideByName(heading, [{ id: "links", value: [{ title: "Open its dashboard", url }] }]);
    }
    return panel;
}

function describe<P extends Panel>(
    panel: P,
    title: string,
    unit: Unit,
    description: string,
    height: number,
    width: number,
): P {
    panel.title(title).description(description).unit(unit).datasource(PROMETHEUS).height(height).span(width);
    return panel;
}

function query(index: number, expr: string): prometheus.DataqueryBuilder {
    return new prometheus.DataqueryBuilder().refId(letter(index)).expr(expr).datasource(PROMETHEUS);
}

/** Grafana's names for the queries of a panel: A, B, C. */
function letter(index: number): string {
    return String.fromCharCode("A".charCodeAt(0) + index);
}

function coloured(colours: Colours): dashboard.DynamicConfigValue[] {
    return [
        { id: "thresholds", value: thresholds(colours).build() as unknown },
        { id: "custom.cellOptions", value: { type: common.TableCellDisplayMode.ColorText } },
    ];
}

function thresholds([base, ...steps]: Colours): dashboard.ThresholdsConfigBuilder {
    return new dashboard.ThresholdsConfigBuilder()
        .mode(dashboard.ThresholdsMode.Absolute)
        .steps([{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))]);
}
