import { stripVTControlCharacters } from "node:util";

/** Longest line that is shown, in characters. */
const LONGEST = 200;

/** What replaces a value that may be a credential. */
const HIDDEN = "***";

/** Values that look like credentials, by their form or by the name in front of them. `$1` is kept. */
const CREDENTIALS: RegExp[] = [
    // JSON Web Tokens, and other three-part tokens.
    /()\bey[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g,
    // User and password in an address.
    /(\w:\/\/)[^\s/@]+@/g,
    /(\b(?:bearer|basic|digest|negotiate)\s+)[^\s"',;]{6,}/gi,
    // `password: x`, `"api_key":"x"`, `--token=x`, `--token x`, `PGPASSWORD='a b'`. The name may go on, as in `token_value`.
    /((?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|authorization|signature|cookie|(?:api|access|private|signing|encryption|account|auth)[-_. ]?key)[\w.-]*\\*["']?\s*(?:[:=]|=>)\s*)(?:\\*"[^"]*"?|'[^']*'?|[^\s,;&)}\]]+)/gi,
    /(--?[\w-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|key)[\w-]*\s+)(?!-)\S+/gi,
    // Well-known beginnings: GitHub, GitLab, AWS, Slack, Google, Docker, npm, Azure and others.
    /()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|ya29\.|AIza|dckr_pat_|npm_|sk-|hvs\.)[\w.-]{8,}/g,
    /()\b(?:AKIA|ASIA)[0-9A-Z]{12,}/g,
];

/** A long run of mixed letters and digits, as random keys are; and one of hexadecimal digits that is no image's digest. */
const RANDOM = /(?<![\w+/=.-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])[\w+/=-]{24,}/g;
const HEXADECIMAL = /(?<!sha256:|[\w-])[0-9a-f]{32,}(?![\w-])/gi;

const KEY_BLOCK = /-----BEGIN [^-]*-----[^]*?(?:-----END [^-]*-----|$)/g;

/** The lines of a container's log that are not empty: without control characters, and without values that look like credentials. */
export function cleanLines(log: string): string[] {
    const plain = stripVTControlCharacters(log).replace(/\r\n?/g, "\n").replace(KEY_BLOCK, HIDDEN);
    return plain
        .split("\n")
        .map((line) => withoutCredentials(line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim()))
        .filter((line) => line !== "");
}

/** A line in the length in which it is shown. */
export function shortened(line: string): string {
    return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

function withoutCredentials(line: string): string {
    const named = CREDENTIALS.reduce((text, pattern) => text.replace(pattern, `$1${HIDDEN}`), line);
    return named.replace(RANDOM, HIDDEN).replace(HEXADECIMAL, HIDDEN);
}
