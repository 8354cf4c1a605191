import type { Filter } from "../prometheus/queries";
import { REFRESH_CHOICES, type PageParameters } from "../parameters";
import { escapeMarkup } from "../text/markup";

/** The form that sets the query's parameters. It shows what was asked, even where that is refused. */
export function form({ raw, refresh }: PageParameters): string {
    const text = (name: string, label: string, placeholder: string, type = "") =>
        `<label>${label}<input type="text" name="${name}" value="${escapeMarkup(raw.get(name) ?? "")}" ` +
        `placeholder="${placeholder}"${type} spellcheck="false" autocomplete="off"/></label>`;
    const filter = (name: Filter, label: string) => text(name, label, "any");
    const option = (seconds: number) =>
        `<option value="${seconds}"${seconds === refresh ? ' selected="selected"' : ""}>${
            seconds === 0 ? "never" : `every ${seconds} s`
        }</option>`;
    const choices = [...new Set([...REFRESH_CHOICES, refresh])].sort((a, b) => a - b);
    return `<form action="dotviz" method="get">
${text("time_horizon", "Time horizon", "5m", ' class="short" list="horizons"')}
<datalist id="horizons"><option value="1m"></option><option value="5m"></option><option value="30m"></option><option value="1h"></option><option value="1d"></option></datalist>
<fieldset>${filter("source_namespace", "From namespace")}${filter("source_workload", "workload")}</fieldset>
<fieldset>${filter("destination_namespace", "To namespace")}${filter("destination_workload", "workload")}</fieldset>
<label>Load again<select name="refresh" title="Loading the page again clears what is typed here and not shown yet; the live graph does not load again">${choices.map(option).join("")}</select></label>
<label class="check"><input type="checkbox" name="filter_empty" value="true"${
        raw.get("filter_empty") === "true" ? ' checked="checked"' : ""
    }/>only edges with traffic</label>
<button>Show</button>
</form>`;
}
