/** What happens to requests between the services of Bookinfo. schema.ts explains the metadata. */
import * as z from "zod";
import { BOOKINFO_SERVICES } from "../components/bookinfo/services";
import { BOOKINFO_NAMES, PRODUCTPAGE } from "../components/names";
import { durationFrom } from "./duration";
import { group, nonEmpty, wholeNumber } from "./fields";

const duration = durationFrom(1);

const DURATION = { allowed: "duration such as 500ms, 7s or 1m" };

const percent = z.number().min(0, "must be at least 0").max(100, "must be at most 100");
const PERCENT = { allowed: "number from 0 to 100" };

/** What Istio's validation knows (pkg/config/validation/agent of Istio 1.31); it also takes a status. */
const RETRY_CONDITIONS = [
    ...["5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx", "refused-stream"],
    ...["retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure"],
    ...["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
];

const retryCondition = z.preprocess(
    (value) => (typeof value === "number" ? String(value) : value),
    z
        .string()
        .refine(
            (text) => RETRY_CONDITIONS.includes(text) || (/^[1-5]\d\d$/.test(text) && Number(text) >= 400),
            "it is no condition for a retry",
        ),
);

const userName = nonEmpty
    .max(64, "it is longer than 64 characters")
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "it has characters that a header cannot have");

const usersOf = (what: string) =>
    z
        .array(userName, "it is not a list")
        .min(1, "it is empty")
        .optional()
        .meta({
            allowed: "list of names",
            fallback: "all requests",
            description: `Users who are signed in to the product page, and whose requests are ${what}.`,
        });

function whose(what: string) {
    return {
        percent: percent
            .default(100)
            .meta({ ...PERCENT, description: `The percentage of these requests that is ${what}.` }),
        users: usersOf(what),
    };
}

function limit(most: number, example: number, description: string) {
    const allowed = `whole number from 1 to ${String(most)}`;
    return wholeNumber(1, most).optional().meta({ allowed, example, description });
}

const circuitBreaker = z
    .strictObject({
        connections: limit(10_000, 1, "Most connections from each client's proxy."),
        pending: limit(10_000, 1, "Most requests that wait for a connection. Others get 503 at once."),
        requestsPerConnection: limit(10_000, 1, "How many requests a connection takes before it is closed."),
        consecutiveErrors: limit(1000, 5, "After so many errors 5xx one after the other, a pod gets no requests."),
        ejection: duration
            .optional()
            .meta({ ...DURATION, fallback: "30s", example: "30s", description: "For how long, the first time." }),
        maxEjected: wholeNumber(1, 100).optional().meta({
            allowed: "whole number from 1 to 100",
            fallback: "10",
            example: 100,
            description: "The percentage of a service's pods that may get none at once. At least one pod can.",
        }),
    })
    .optional();

/** @param versions of the service */
function routes(versions: readonly string[]) {
    const VERSION = { allowed: versions.join(" or "), example: versions[0] };
    const version = z.string().refine((name) => versions.includes(name), "there is no such version");
    return {
        version: version.optional().meta({
            ...VERSION,
            fallback: "every pod gets its share",
            description: "The version that gets all requests.",
        }),
        weights: z
            .record(version, wholeNumber(0, 100))
            .optional()
            .meta({
                allowed: `object of ${versions.join(", ")} with whole numbers that add up to 100`,
                fallback: "every pod gets its share",
                description: "The percentage of requests for each version.",
            }),
        users: z
            .record(userName, version)
            .default({})
            .meta({
                allowed: `object of names, each with ${versions.join(" or ")}`,
                description: "The version for a user.",
            }),
        timeout: duration
            .optional()
            .meta({ ...DURATION, example: "500ms", description: "How long a caller waits for an answer." }),
        retries: z
            .strictObject({
                attempts: wholeNumber(0, 10).meta({
                    allowed: "whole number from 0 to 10",
                    fallback: "required in retries",
                    example: 2,
                    description:
                        "How often a failed request is tried again. Without this section, Istio tries it twice.",
                }),
                perTryTimeout: duration.optional().meta({
                    ...DURATION,
                    fallback: "that of the request",
                    example: "200ms",
                    description: "How long each try may take.",
                }),
                on: z.array(retryCondition, "it is not a list").default([]).meta({
                    allowed: "list of statuses, and of conditions such as 5xx, reset or connect-failure",
                    description: "What is tried again. If empty, Istio's own conditions: not every 5xx is among them.",
                }),
            })
            .optional(),
        mirror: z
            .strictObject({
                to: version.meta({
                    ...VERSION,
                    fallback: "required in mirror",
                    description: "The version that gets a copy of requests. Its answers are dropped.",
                }),
                percent: percent
                    .default(100)
                    .meta({ ...PERCENT, description: "The percentage of requests that is copied." }),
            })
            .optional(),
        delay: z
            .strictObject({
                for: duration.meta({
                    ...DURATION,
                    fallback: "required in delay",
                    example: "7s",
                    description: "How much later a request reaches the service.",
                }),
                ...whose("delayed"),
            })
            .optional(),
        abort: z
            .strictObject({
                status: wholeNumber(200, 599).meta({
                    allowed: "HTTP status from 200 to 599",
                    fallback: "required in abort",
                    example: 500,
                    description: "The status with which a request is answered in place of the service.",
                }),
                ...whose("aborted"),
            })
            .optional(),
    };
}

/** Requests to the product page come from the gateway, whose routes are not these. */
const SERVICES = BOOKINFO_SERVICES.map(({ name, versions }) => [
    name,
    group({ ...(name !== PRODUCTPAGE && routes(versions)), circuitBreaker }),
]);

type Breakable = ReturnType<typeof group<{ circuitBreaker: typeof circuitBreaker }>>;
type Routed = ReturnType<typeof group<ReturnType<typeof routes> & { circuitBreaker: typeof circuitBreaker }>>;

export const TRAFFIC = group(
    Object.fromEntries(SERVICES) as Record<Exclude<(typeof BOOKINFO_NAMES)[number], typeof PRODUCTPAGE>, Routed> &
        Record<typeof PRODUCTPAGE, Breakable>,
);
