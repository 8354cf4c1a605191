/** Padlocks as SVG symbols of 12 by 12: closed, hollow where only a part is encrypted, and open for plain text. */
export const LOCKS =
    `<symbol id="lock-all" viewBox="0 0 12 12"><path class="shackle" d="M3.6 5.5V3.9a2.4 2.4 0 0 1 4.8 0v1.6"/>` +
    `<rect x="2" y="5.3" width="8" height="6" rx="1.2"/></symbol>` +
    `<symbol id="lock-some" viewBox="0 0 12 12"><path class="shackle" d="M3.6 5.5V3.9a2.4 2.4 0 0 1 4.8 0v1.6"/>` +
    `<rect class="hollow" x="2.6" y="5.9" width="6.8" height="4.8" rx="0.8"/></symbol>` +
    `<symbol id="lock-none" viewBox="0 0 12 12"><path class="shackle" d="M6.4 5.5V3.5a2.3 2.3 0 0 1 4.6 0v1"/>` +
    `<rect x="0.5" y="5.3" width="8" height="6" rx="1.2"/></symbol>`;
