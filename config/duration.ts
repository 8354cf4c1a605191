/** A duration as Prometheus writes it, units from large to small: `6h`, `1d12h`, `500ms`. */
const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;

/** Whether a text is a duration; `0s` is one. */
export function isDuration(text: string): boolean {
    return DURATION.test(text) && text !== "";
}

/** Whether a text is a duration, and longer than nothing. */
export function isLasting(text: string): boolean {
    return isDuration(text) && /[1-9]/.test(text);
}
