/** A text as JSON; undefined if it is not JSON. @param reviver as that of `JSON.parse` */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
    try {
        return JSON.parse(text, reviver) as unknown;
    } catch {
        return undefined;
    }
}
