/** Who may ask Bookinfo, and how often. schema.ts explains the metadata. */
import * as z from "zod";
import { BOOKINFO_NAMES } from "../components/names";
import { durationFrom } from "./duration";
import { group, nonEmpty, wholeNumber } from "./fields";

/** Istio compares an issuer with what the token says. It reads a value with an asterisk at its beginning as a pattern. */
const issuer = nonEmpty
    .regex(/^[^*]/, "it begins with *, which Istio takes for a pattern")
    .regex(/^[\x21-\x7e]*$/, "it has spaces or special characters");

/** The least that Envoy takes as the time in which it refills a bucket, in milliseconds. */
const LEAST_FILL = 50;

const rateLimit = z
    .strictObject({
        requests: wholeNumber(1, 1_000_000).meta({
            allowed: "whole number from 1 to 1000000",
            fallback: "required in a rate limit",
            example: 10,
            description:
                "How many requests each pod takes in that time. More get 429. Each service can have such a limit.",
        }),
        per: durationFrom(LEAST_FILL).meta({
            allowed: "duration from 50ms to 1h, such as 1s or 1m",
            fallback: "required in a rate limit",
            example: "1m",
            description:
                "That time. A pod that has used up its requests gets new ones evenly over this time, and not all at its end.",
        }),
    })
    .optional();

/** The keys under `bookinfo` that protect it. */
export const SECURITY = {
    access: z
        .enum(["open", "least-privilege"])
        .default("open")
        .describe(
            "Who may call whom. With least-privilege, the gateway calls the product page, the product page calls details " +
                "and reviews, and reviews calls ratings, with the methods that they use. Everything else gets 403. Needs " +
                "istio.global.mtls.enabled. After a change, open connections follow within 45 s (drainDuration of Istio's mesh config).",
        ),
    login: group({
        jwt: z
            .strictObject({
                issuer: issuer.meta({
                    allowed: "text without spaces, such as a URL",
                    fallback: "required in jwt",
                    example: "bookinfo-mesh",
                    description:
                        "Whose JSON Web Tokens the product page asks for: without one it answers 403, with a bad one 401.",
                }),
                // security.ts checks it, because a message must not show a private key.
                jwks: z.unknown().optional().meta({
                    allowed: "JSON Web Key Set with public keys only, as text or as an object",
                    description: "The public keys of that issuer. npx bookinfo token --jwks prints one to learn by.",
                }),
                jwksUri: nonEmpty.optional().meta({
                    allowed: "URL with https, or with http of a Service such as http://NAME.NAMESPACE.svc",
                    description: "Where istiod gets these keys, in place of jwks.",
                }),
                audiences: z.array(nonEmpty, "it is not a list").default([]).meta({
                    allowed: "list of texts",
                    description: "A token must be for one of these. If empty, it may be for anybody.",
                }),
            })
            .optional(),
    }),
    rateLimit: group(
        Object.fromEntries(BOOKINFO_NAMES.map((name) => [name, rateLimit])) as Record<
            (typeof BOOKINFO_NAMES)[number],
            typeof rateLimit
        >,
    ),
};
