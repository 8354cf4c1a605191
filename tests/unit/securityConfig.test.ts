import * as fc from "fast-check";
import { tokensSpec } from "../../components/bookinfo/loginSpecs";
import { rateLimitSpec } from "../../components/bookinfo/rateLimitSpecs";
import { BOOKINFO_NAMES } from "../../components/names";
import { parseConfig } from "../../config";
import type { Files } from "../../config/files";
import { foreignKeyPair } from "../../packages/cli/token/keyPair";
import { issueLines } from "./issueLines";
import { once } from "./once";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};

const cluster = JSON.stringify({ kind: "kubeconfig", path: "~/config", context: "here" });
const parse = (bookinfo: object, istio: object = {}) =>
    parseConfig({ cluster, bookinfo: JSON.stringify(bookinfo), istio: JSON.stringify(istio) }, { files });
const issues = (bookinfo: object, istio?: object) => issueLines(() => parse(bookinfo, istio));

const ec = once(() => foreignKeyPair("one"));
const publicKey = () => ec().publicJwk;
const privateKey = once(() => ec().privateKey.export({ format: "jwk" }));
const set = (...keys: unknown[]) => JSON.stringify({ keys });

describe("any valid config", () => {
    const limits = fc.dictionary(
        fc.constantFrom(...BOOKINFO_NAMES),
        fc.record({
            requests: fc.integer({ min: 1, max: 1_000_000 }),
            per: fc.constantFrom("50ms", "1s", "0.5s", "1m30s", "1h"),
        }),
    );
    const jwt = fc.record(
        {
            issuer: fc.stringMatching(/^[!-)+-~][!-~]{0,20}$/),
            keys: fc.constantFrom("jwks", "set", "https://i.example/jwks", "http://keys.auth.svc/jwks"),
            audiences: fc.array(fc.constantFrom("bookinfo", "https://a.example"), { maxLength: 2 }),
        },
        { requiredKeys: ["issuer", "keys"] },
    );
    const any = fc.record(
        { access: fc.constantFrom("open", "least-privilege"), jwt, rateLimit: limits },
        { requiredKeys: [] },
    );

    it("gives specs that istiod and Envoy accept, and nothing for what is not set", () => {
        fc.assert(
            fc.property(any, ({ access, jwt: given, rateLimit }) => {
                const { keys = "", ...others } = given ?? {};
                const byName: Record<string, object> = {
                    jwks: { jwks: set(publicKey()) },
                    set: { jwks: { keys: [publicKey()] } },
                };
                const asKeys = byName[keys] ?? { jwksUri: keys };
                const section = { access, rateLimit, ...(given && { login: { jwt: { ...others, ...asKeys } } }) };
                const { security } = parse(JSON.parse(JSON.stringify(section)) as object).bookinfo;
                expect(security.leastPrivilege).toBe(access === "least-privilege" ? true : undefined);
                expect(security.jwt === undefined).toBe(given === undefined);
                expect(Object.keys(security.rateLimit ?? {}).sort()).toEqual(Object.keys(rateLimit ?? {}).sort());
                for (const [service, limit] of Object.entries(security.rateLimit ?? {})) {
                    const [filter] = rateLimitSpec(service, limit).configPatches;
                    const bucket = filter?.patch.value.typed_config.token_bucket;
                    expect(bucket?.max_tokens).toBe(bucket?.tokens_per_fill);
                    expect(bucket?.fill_interval).toMatch(/^\d+(\.\d{1,3})?s$/);
                    expect(parseFloat(bucket?.fill_interval ?? "")).toBeGreaterThanOrEqual(0.05);
                }
                if (security.jwt) {
                    const [rule] = tokensSpec(security.jwt).jwtRules;
                    expect([rule?.jwks, rule?.jwksUri].filter((each) => each !== undefined)).toHaveLength(1);
                    expect(rule?.jwks ?? set(publicKey())).toBe(set(publicKey()));
                    expect(rule?.audiences?.length).not.toBe(0);
                }
            }),
        );
    });
});

describe("what is wrong is said at once, before anything is touched:", () => {
    const jwt = (settings: object) => ({ login: { jwt: { issuer: "i", ...settings } } });
    const limit = (settings: object) => ({ rateLimit: { reviews: settings } });

    it.each<[string, object, RegExp]>([
        ["access", { access: "closed" }, /access = "closed": .*no such choice; allowed: open or least-privilege/],
        [
            "an issuer that is missing",
            { login: { jwt: { jwksUri: "https://i" } } },
            /jwt.issuer is not set: it is required/,
        ],
        ["an issuer that is a pattern", jwt({ issuer: "*", jwksUri: "https://i" }), /issuer = "\*": it begins with \*/],
        ["an issuer with a space", jwt({ issuer: "a b", jwksUri: "https://i" }), /issuer = "a b": it has spaces/],
        ["no keys", jwt({}), /jwt.jwks is not set: without keys .*either jwks or jwksUri.*bookinfo token --jwks/],
        [
            "keys in two places",
            jwt({ jwks: { keys: [publicKey()] }, jwksUri: "https://i" }),
            /jwksUri = "https:\/\/i": the keys are in jwks already; allowed: either/,
        ],
        ["keys that are none", jwt({ jwks: "abc" }), /jwks = "\[secret\]": it is not an object with a list of "keys"/],
        ["a number as keys", jwt({ jwks: 5 }), /jwks = "\[secret\]": it is not an object/],
        ["no key in the set", jwt({ jwks: set() }), /jwks = "\[secret\]": it has no keys/],
        [
            "a key that is not whole",
            jwt({ jwks: set({ kty: "EC", crv: "P-256" }) }),
            /its key 1 is not a valid key of type EC/,
        ],
        ["a key of no type", jwt({ jwks: set(publicKey(), {}) }), /its key 2 has no kty/],
        ["null as a key", jwt({ jwks: set(null) }), /its key 1 has no kty/],
        ["a key of another type", jwt({ jwks: set({ kty: "DSA" }) }), /its key 1 is none of the types RSA, EC, OKP/],
        [
            "a curve",
            jwt({ jwks: set({ ...publicKey(), crv: "secp256k1" }) }),
            /its key 1 is on none of the curves P-256/,
        ],
        ["a kid", jwt({ jwks: set({ ...publicKey(), kid: 1 }) }), /its key 1 has a kid that is not a text/],
        [
            "keys to encrypt with",
            jwt({ jwks: set({ ...publicKey(), use: "enc" }) }),
            /all of its keys are for encryption/,
        ],
        [
            "http",
            jwt({ jwksUri: "http://i.example/jwks" }),
            /jwksUri = "http:.*whoever is on the way.*allowed: URL with https/,
        ],
        ["a URL", jwt({ jwksUri: "i.example" }), /jwksUri = "i.example": it is not a URL with https/],
        ["an audience", jwt({ jwksUri: "https://i", audiences: [""] }), /audiences\[0\] = "": it is empty/],
        [
            "a rate of nothing",
            limit({ requests: 0, per: "1m" }),
            /reviews.requests = 0: must be at least 1; allowed: whole number/,
        ],
        ["half a request", limit({ requests: 0.5, per: "1m" }), /reviews.requests = 0.5: /],
        ["too many requests", limit({ requests: 1e7, per: "1m" }), /requests = 10000000: must be at most 1000000/],
        [
            "a time without a unit",
            limit({ requests: 1, per: 60 }),
            /reviews.per = 60: it has no unit; allowed: duration from 50ms/,
        ],
        ["less than Envoy's 50 ms", limit({ requests: 1, per: "49ms" }), /reviews.per = "49ms": must be at least 50ms/],
        ["more than an hour", limit({ requests: 1, per: "61m" }), /reviews.per = "61m": must be at most 1h/],
        ["a limit without a time", limit({ requests: 1 }), /reviews.per is not set: it is required/],
        ["a service", { rateLimit: { review: { requests: 1, per: "1s" } } }, /did you mean bookinfo.rateLimit.reviews/],
        ["a misspelt key", { acess: "open" }, /did you mean bookinfo.access\?/],
    ])("%s", (_, section, expected) => {
        const lines = issues(section);
        expect(lines).toEqual([expect.stringMatching(expected)]);
        expect(lines[0]).toMatch(/ Run: /);
    });

    it("an RSA key that is too short", () => {
        const short = { kty: "RSA", e: "AQAB", n: Buffer.alloc(128, 0xff).toString("base64url") };
        expect(issues(jwt({ jwks: set(short) }))).toEqual([
            expect.stringMatching(/its key 1 has 1024 bits, and RSA needs at least 2048/),
        ]);
    });

    it("least privilege without strict mutual TLS", () => {
        const istio = { global: { mtls: { enabled: false } } };
        expect(issues({ access: "least-privilege" }, istio)).toEqual([
            expect.stringMatching(
                /access = "least-privilege": it needs strict mutual TLS.* Run: pulumi config set --path istio.global.mtls.enabled true/,
            ),
        ]);
        expect(issues({ access: "open" }, istio)).toEqual([]);
    });

    it("a trust domain that cannot be in an identity, if identities count", () => {
        const istio = { values: { istiod: { meshConfig: { trustDomain: "a/b" } } } };
        expect(issues({ access: "least-privilege" }, istio)).toEqual([
            expect.stringMatching(/meshConfig.trustDomain = "a\/b": it is not a trust domain/),
        ]);
        expect(issues({}, istio)).toEqual([]);
    });

    it("http is fine within the cluster, whose domain can be another one", () => {
        const uri = (host: string) => jwt({ jwksUri: `http://${host}:8000/jwks` });
        expect(issues(uri("keys.auth.svc"))).toEqual([]);
        expect(issues(uri("keys.auth.svc.cluster.local"))).toEqual([]);
        expect(issues(uri("keys.auth.svc.prod.example"))).toHaveLength(1);
        expect(
            issues(uri("keys.auth.svc.prod.example"), {
                values: { istiod: { global: { proxy: { clusterDomain: "prod.example" } } } },
            }),
        ).toEqual([]);
    });

    it("everything at once", () => {
        expect(
            issues({ access: "x", ...jwt({ jwks: "{}" }), rateLimit: { ratings: { requests: 1, per: "5" } } }),
        ).toHaveLength(3);
    });
});

describe("a private key in the config is refused, and never shown", () => {
    const octet = { kty: "oct", k: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA" };
    const pem = () => ec().privateKey.export({ format: "pem", type: "pkcs8" }).toString();

    it.each<[string, () => unknown, string]>([
        ["as text", () => set(privateKey()), "jwks"],
        ["as an object", () => ({ keys: [publicKey(), privateKey()] }), "jwks"],
        ["as a shared secret", () => ({ keys: [octet] }), "jwks"],
        ["in PEM", pem, "jwks"],
        ["without a set", () => [privateKey()], "jwks"],
        ["at a misspelt key", () => set(privateKey()), "jwsk"],
        ["at a misspelt key, as an object", () => privateKey(), "jwk"],
        ["at another key", () => set(privateKey()), "jwksUri"],
        ["in PEM at another key", pem, "jwksUri"],
    ])("%s", (_, value, key) => {
        const lines = issues({ login: { jwt: { issuer: "i", [key]: value() } } }).join("\n");
        const hidden = [privateKey().d ?? "", octet.k, pem().split("\n")[1] ?? ""];
        expect(lines).toMatch(new RegExp(`${key} = "\\[secret\\]"`));
        for (const part of hidden) {
            expect(lines).not.toContain(part.slice(0, 8));
        }
    });

    it.each<[string, () => unknown, RegExp]>([
        ["in a set", () => set(privateKey()), /it has a private key, /],
        ["alone", privateKey, /it is not an object with a list of "keys"/],
        ["in PEM", pem, /it is a key in PEM/],
    ])("with the advice to make a new one: %s", (_, value, expected) => {
        const [line, ...others] = issues({ login: { jwt: { issuer: "i", jwks: value() } } });
        expect([line, others]).toEqual([expect.stringMatching(expected), []]);
        expect(line).toMatch(/make a new key, because this one has been in the config/);
    });
});
