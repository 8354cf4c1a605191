import { ARROW } from "./curve";
import { HEALTH_ORDER } from "./facts";

/** The content of `<defs>`: an arrow for each health, and padlocks: closed, hollow if only a part is encrypted, open for plain text. */
export const SYMBOLS =
    HEALTH_ORDER.map(
        (health) =>
            `<marker id="arrow-${health}" class="arrow ${health}" viewBox="0 0 10 10" refX="1" refY="5" ` +
            `markerWidth="${ARROW + 2}" markerHeight="${ARROW + 2}" markerUnits="userSpaceOnUse" orient="auto">` +
            `<path d="M0 0.8L9.5 5L0 9.2Z"/></marker>`,
    ).join("") +
    `<symbol id="lock-all" viewBox="0 0 12 12"><path class="shackle" d="M3.6 5.5V3.9a2.4 2.4 0 0 1 4.8 0v1.6"/>` +
    `<rect x="2" y="5.3" width="8" height="6" rx="1.2"/></symbol>` +
    `<symbol id="lock-some" viewBox="0 0 12 12"><path class="shackle" d="M3.6 5.5V3.9a2.4 2.4 0 0 1 4.8 0v1.6"/>` +
    `<rect class="hollow" x="2.6" y="5.9" width="6.8" height="4.8" rx="0.8"/></symbol>` +
    `<symbol id="lock-none" viewBox="0 0 12 12"><path class="shackle" d="M6.4 5.5V3.5a2.3 2.3 0 0 1 4.6 0v1"/>` +
    `<rect x="0.5" y="5.3" width="8" height="6" rx="1.2"/></symbol>`;
