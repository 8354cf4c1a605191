import type { Filter } from "../prometheus/queries";
import { escapeMarkup } from "../text/markup";

interface FormArgs {
    action: string;
    /** The request's query. The form shows its values even if they are refused. */
    raw: URLSearchParams;
    /** More fields, and more buttons. */
    fields?: string;
    buttons?: string;
}

/** The form for the parameters of a page. */
export function form({ action, raw, fields = "", buttons = "" }: FormArgs): string {
    const text = (name: string, label: string, placeholder: string, attributes = "") =>
        `<label>${label}<input type="text" name="${name}" value="${escapeMarkup(raw.get(name) ?? "")}" ` +
        `placeholder="${placeholder}"${attributes} spellcheck="false" autocomplete="off"/></label>`;
    const filter = (name: Filter, label: string) => text(name, label, "any");
    const horizons = ["1m", "5m", "30m", "1h", "1d"].map((value) => `<option value="${value}"></option>`);
    const checked = raw.get("filter_empty") === "true" ? ' checked="checked"' : "";
    return `<form action="${action}" method="get" aria-label="What is shown">
${text("time_horizon", "Time horizon", "5m", ' class="short" list="horizons"')}
<datalist id="horizons">${horizons.join("")}</datalist>
<fieldset>${filter("source_namespace", "From namespace")}${filter("source_workload", "From workload")}</fieldset>
<fieldset>${filter("destination_namespace", "To namespace")}${filter("destination_workload", "To workload")}</fieldset>
${fields}<label class="check"><input type="checkbox" name="filter_empty" value="true"${checked}/>only edges with traffic</label>
<button>Show</button>${buttons}
</form>`;
}
