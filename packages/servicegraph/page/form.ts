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

interface TextField {
    name: string;
    label: string;
    /** What an empty field means. */
    placeholder: string;
    /** Values to choose from, or to change. */
    choices?: readonly string[];
}

/** A text field with the request's value. */
export function textField(raw: URLSearchParams, { name, label, placeholder, choices }: TextField): string {
    const options = choices?.map((value) => `<option value="${value}"></option>`).join("");
    const list = options ? `\n<datalist id="${name}-choices">${options}</datalist>` : "";
    return (
        `<label>${label}<input type="text" name="${name}" value="${escapeMarkup(raw.get(name) ?? "")}" ` +
        `placeholder="${placeholder}"${list && ` class="short" list="${name}-choices"`} spellcheck="false" autocomplete="off"/></label>${list}`
    );
}

const HORIZONS = ["1m", "5m", "30m", "1h", "1d"];

/** The form for the parameters of a page. */
export function form({ action, raw, fields = "", buttons = "" }: FormArgs): string {
    const filter = (name: Filter, label: string) => textField(raw, { name, label, placeholder: "any" });
    const checked = raw.get("filter_empty") === "true" ? ' checked="checked"' : "";
    return `<form action="${action}" method="get" aria-label="What is shown">
${textField(raw, { name: "time_horizon", label: "Time horizon", placeholder: "5m", choices: HORIZONS })}
<fieldset>${filter("source_namespace", "From namespace")}${filter("source_workload", "From workload")}</fieldset>
<fieldset>${filter("destination_namespace", "To namespace")}${filter("destination_workload", "To workload")}</fieldset>
${fields}<label class="check"><input type="checkbox" name="filter_empty" value="true"${checked}/>only edges with traffic</label>
<button>Show</button>${buttons}
</form>`;
}
