const MILLISECONDS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Prometheus holds a duration in 2^63 nanoseconds, about 292 years. */
const LONGEST = 2 ** 63 / 1_000_000;

/** Prometheus' grammar (`model.ParseDuration`): units from large to small, each at most once. 1.0 accepted a single unit. */
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** The milliseconds of a Prometheus duration such as `5m`, `1h30m` or `500ms`; undefined if it is invalid or too long. */
export function parseDuration(text: string): number | undefined {
    const amounts = DURATION.exec(text)?.slice(1);
    if (amounts === undefined || text === "") {
        return undefined;
    }
    const milliseconds = Object.values(MILLISECONDS).reduce(
        (sum, unit, index) => sum + Number(amounts[index] ?? 0) * unit,
        0,
    );
    return milliseconds < LONGEST ? milliseconds : undefined;
}
