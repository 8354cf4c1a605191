/** The name of a pod of reviews tells its version: `reviews-v2-5f7b9c8d6-x2x4z` is v2. */
const POD = /Reviews served by:(?:\s|<[^>]*>)*reviews-(v\d+)-/;

/** The stars of a rating: in Istio's page, in the sandbox's page, and in Istio's pages up to 1.16. */
const STARS = [
    /class="flex gap-x-1 text-(\w+)-500"/,
    /class="stars stars-(\w+)"/,
    /<font color="(\w+)">\s*<!-- full stars/,
] as const;

/** STAR_COLOR of each version that calls ratings, in Istio's samples. */
const VERSION_BY_COLOUR: Record<string, string> = { black: "v2", red: "v3" };

/** What a product page shows if a service does not answer, in Istio's page and in the sandbox's. */
const WITHOUT = {
    details: "Error fetching product details",
    reviews: "Error fetching product reviews",
    ratings: "Ratings service is currently unavailable",
} as const;

export type PagePart = keyof typeof WITHOUT;

/** The services without whose answer a page was made, as far as it says so. */
export function missingOn(html: string): PagePart[] {
    return (Object.keys(WITHOUT) as PagePart[]).filter((part) => html.includes(WITHOUT[part]));
}

/**
 * The version of reviews that a product page shows, such as `v2`. It is `unavailable` if the page says that it got no
 * reviews, and `unknown` if the page does not tell.
 */
export function reviewsOn(html: string): string {
    if (html.includes(WITHOUT.reviews)) {
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
    // v1 has no ratings.
    return /Book reviews/i.test(html) && !html.includes(WITHOUT.ratings) ? "v1" : "unknown";
}
