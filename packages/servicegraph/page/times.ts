import { type PageParameters, queryOf } from "../parameters";
import { parseDuration } from "../prometheus/duration";
import { escapeMarkup } from "../text/markup";

/** A moment in words: the time, and the date if the moment was asked for. */
export function momentText(moment: Date, withDate: boolean): string {
    const text = moment
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, "");
    return `${withDate ? text : text.slice(11)} UTC`;
}

/** Links to the same page at other moments: one time horizon earlier and later, now, and compared with one time horizon earlier. */
export function timeLinks(parameters: PageParameters, at: Date, now: Date): string {
    const { selection } = parameters;
    const horizon = parseDuration(selection.timeHorizon) ?? 0;
    const moved = (milliseconds: number) => new Date(at.getTime() + milliseconds);
    const written = (moment: Date) => moment.toISOString().replace(/\.\d+Z$/, "Z");
    const link = (text: string, moments: { at?: string; compare?: string }) => {
        const query = queryOf({ ...selection, at: undefined, compare: undefined, ...moments }, parameters);
        return `<a href="dotviz${escapeMarkup(query && `?${query}`)}">${escapeMarkup(text)}</a>`;
    };
    const [earlier, later] = [moved(-horizon), moved(horizon)];
    const past = earlier.getTime() >= 0;
    const links = [
        past && link(`${selection.timeHorizon} earlier`, { at: written(earlier) }),
        selection.at !== undefined && later <= now && link(`${selection.timeHorizon} later`, { at: written(later) }),
        selection.at !== undefined && link("Now", {}),
        selection.compare === undefined
            ? past &&
              link(`Compare with ${selection.timeHorizon} earlier`, {
                  ...(selection.at !== undefined && { at: selection.at }),
                  compare: written(earlier),
              })
            : link("Do not compare", { ...(selection.at !== undefined && { at: selection.at }) }),
    ];
    return links.filter((one) => one !== false).join(" ");
}
