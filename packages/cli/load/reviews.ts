/** The Deployment that a pod of reviews belongs to: `reviews-v2-5f7b9c8d6-x2x4z` is of v2. */
const POD = /Reviews served by:(?:\s|<[^>]*>)*reviews-(v\d+)-/;

/** Stars of a rating: in Istio's page, in the sandbox's, and in Istio's pages up to 1.16. */
const STARS = [
    /class="flex gap-x-1 text-(\w+)-500"/,
    /class="stars stars-(\w+)"/,
    /<font color="(\w+)">\s*<!-- full stars/,
] as const;

/** STAR_COLOR of each version that asks ratings, in Istio's samples. */
const VERSION_BY_COLOUR: Record<string, string> = { black: "v2", red: "v3" };

/** What a product page shows where reviews did not answer, and where ratings did not. */
const NO_REVIEWS = "Error fetching product reviews";
const NO_RATINGS = "Ratings service is currently unavailable";

/**
 * The version of reviews that a product page shows, such as `v2`; `unavailable` where it says that it got no reviews, and
 * `unknown` where it does not tell.
 */
export function reviewsOn(html: string): string {
    if (html.includes(NO_REVIEWS)) {
        return "unavailable";
    }
    const byPod = POD.exec(html)?.[1];
    if (byPod !== undefined) {
        return byPod;
    }
    const colour = STARS.map((stars) => stars.exec(html)?.[1]).find((found) => found !== undefined);
    if (colour !== undefined) {
        return VERSION_BY_COLOUR[colour] ?? "unknown";
    }
    // Reviews without any rating are what v1 gives.
    return /Book reviews/i.test(html) && !html.includes(NO_RATINGS) ? "v1" : "unknown";
}
