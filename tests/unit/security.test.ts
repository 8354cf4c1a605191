import { generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";
import { accessSpec, NOTHING } from "../../components/bookinfo/accessSpecs";
import { tokenRequiredSpec, tokensSpec } from "../../components/bookinfo/loginSpecs";
import { rateLimitSpec } from "../../components/bookinfo/rateLimitSpecs";
import { BOOKINFO_SERVICES } from "../../components/bookinfo/services";
import type { AuthorizationPolicySpec } from "../../components/istio/api";
import { gatewayServiceAccountOf, trustDomainOf } from "../../components/istio/values";
import { BOOKINFO_NAMES } from "../../components/names";
import { parseConfig } from "../../config";
import type { Files } from "../../config/files";
import { unwrapSecrets } from "../../packages/shared/secrets";
import { issueLines } from "./issueLines";
import { once } from "./once";
import { CLUSTER, find, ofType, type Registration, type Run, runProgram, waitedFor } from "./program";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};

const cluster = JSON.stringify({ kind: "kubeconfig", path: "~/config", context: "here" });
const parse = (bookinfo: object, istio: object = {}) =>
    parseConfig({ cluster, bookinfo: JSON.stringify(bookinfo), istio: JSON.stringify(istio) }, { files });
const issues = (bookinfo: object, istio?: object) => issueLines(() => parse(bookinfo, istio));

const ec = once(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
const publicKey = once(() => ({ kid: "one", ...ec().publicKey.export({ format: "jwk" }) }));
const privateKey = once(() => ec().privateKey.export({ format: "jwk" }));
const set = (...keys: unknown[]) => JSON.stringify({ keys });

const identities = {
    trustDomain: "cluster.local",
    gatewayServiceAccount: "istio-ingressgateway",
    namespace: "default",
};

describe("the specs are those of Istio's tasks and samples", () => {
    it("who may read details (task Authorization for HTTP traffic)", () => {
        expect(accessSpec("details", identities)).toEqual({
            selector: { matchLabels: { app: "details" } },
            action: "ALLOW",
            rules: [
                {
                    from: [{ source: { principals: ["cluster.local/ns/default/sa/bookinfo-productpage"] } }],
                    to: [{ operation: { methods: ["GET"] } }],
                },
            ],
        });
        expect(NOTHING).toEqual({});
    });

    it("tokens that are checked, and a policy that refuses requests without one (task JWT token at an ingress gateway)", () => {
        const jwt = { issuer: "testing@secure.istio.io", jwks: '{"keys":[]}', audiences: [] };
        const selector = { matchLabels: { app: "productpage" } };
        expect(tokensSpec(jwt)).toEqual({
            selector,
            jwtRules: [{ issuer: "testing@secure.istio.io", jwks: '{"keys":[]}' }],
        });
        expect(tokensSpec({ issuer: "i", jwksUri: "https://i/keys", audiences: ["bookinfo"] }).jwtRules).toEqual([
            { issuer: "i", jwksUri: "https://i/keys", audiences: ["bookinfo"] },
        ]);
        expect(tokenRequiredSpec(jwt)).toEqual({
            selector,
            action: "DENY",
            rules: [
                {
                    from: [{ source: { notRequestPrincipals: ["testing@secure.istio.io/*"] } }],
                    to: [{ operation: { ports: ["9080"] } }],
                },
            ],
        });
    });

    it("a local rate limit (samples/ratelimit/local-rate-limit-service.yaml)", () => {
        const { workloadSelector, priority, configPatches } = rateLimitSpec("productpage", {
            requests: 10,
            per: 60_000,
        });
        expect(workloadSelector).toEqual({ labels: { app: "productpage" } });
        // istioctl analyze warns of a relative patch without a priority.
        expect(priority).toBeGreaterThan(0);
        expect(configPatches).toHaveLength(1);
        const [{ applyTo, match, patch } = undefined as never] = configPatches;
        expect(applyTo).toBe("HTTP_FILTER");
        expect(match).toEqual({
            context: "SIDECAR_INBOUND",
            listener: {
                portNumber: 9080,
                filterChain: {
                    filter: {
                        name: "envoy.filters.network.http_connection_manager",
                        subFilter: { name: "envoy.filters.http.router" },
                    },
                },
            },
        });
        expect(patch.operation).toBe("INSERT_BEFORE");
        expect(patch.value).toMatchObject({
            name: "envoy.filters.http.local_ratelimit",
            typed_config: {
                token_bucket: { max_tokens: 10, tokens_per_fill: 10, fill_interval: "60s" },
                // Envoy limits nothing by default.
                filter_enabled: { default_value: { numerator: 100, denominator: "HUNDRED" } },
                filter_enforced: { default_value: { numerator: 100, denominator: "HUNDRED" } },
            },
        });
    });

    it.each([
        [50, "0.05s"],
        [1500, "1.5s"],
        [3_600_000, "3600s"],
    ])("%s milliseconds in protobuf's form", (per, expected) => {
        const [filter] = rateLimitSpec("ratings", { requests: 1, per }).configPatches;
        expect(filter?.patch.value.typed_config.token_bucket.fill_interval).toBe(expected);
    });
});

/** A request as a policy sees it. */
interface Request {
    caller?: string;
    method: string;
    path: string;
    /** `<issuer>/<subject>` of a good token. */
    token?: string;
}

/** What Envoy does with a request to a pod that these policies select: as https://istio.io/latest/docs/concepts/security has it. */
function isAllowed(policies: AuthorizationPolicySpec[], request: Request): boolean {
    const matches = (action: string) =>
        policies.filter((policy) => (policy.action ?? "ALLOW") === action).map((policy) => matchesAny(policy, request));
    return !matches("DENY").includes(true) && (matches("ALLOW").length === 0 || matches("ALLOW").includes(true));
}

function matchesAny({ rules = [] }: AuthorizationPolicySpec, { caller, method, path, token }: Request): boolean {
    const isWithin = (pattern: string, text = "") =>
        pattern.endsWith("/*") ? text.startsWith(pattern.slice(0, -1)) : pattern === text;
    return rules.some(({ from, to }) => {
        const bySource =
            from?.some(
                ({ source: { principals, notRequestPrincipals } }) =>
                    principals?.some((each) => each === caller) !== false &&
                    notRequestPrincipals?.some((each) => isWithin(each, token)) !== true,
            ) ?? true;
        const byOperation =
            to?.some(
                ({ operation }) =>
                    operation.methods?.includes(method) !== false &&
                    operation.paths?.includes(path) !== false &&
                    operation.ports?.includes("9080") !== false,
            ) ?? true;
        return bySource && byOperation;
    });
}

const GATEWAY = "td.example/ns/istio-system/sa/edge";
const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,20}[a-z0-9])?$/);
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"];
const anyRequest = fc.record(
    {
        caller: fc.oneof(
            fc.constantFrom(GATEWAY, "other/ns/istio-system/sa/edge", "td.example/ns/default/sa/edge"),
            fc
                .tuple(fc.constantFrom("app", "default"), fc.constantFrom(...BOOKINFO_NAMES))
                .map(([namespace, called]) => {
                    return `td.example/ns/${namespace}/sa/bookinfo-${called}`;
                }),
            name.map((account) => `td.example/ns/app/sa/${account}`),
        ),
        method: fc.constantFrom(...METHODS),
        path: fc.constantFrom("/productpage", "/login", "/login/", "/ratings/0", "/health"),
        token: fc.constantFrom("https://issuer.example/a/jason", "https://issuer.example/jason", "other/jason"),
    },
    { requiredKeys: ["method", "path"] },
);

describe("with least privilege, a request is allowed", () => {
    const known = { trustDomain: "td.example", gatewayServiceAccount: "edge", namespace: "app" };
    const of = (service: string) => `td.example/ns/app/sa/bookinfo-${service}`;
    const CALLERS = {
        productpage: GATEWAY,
        details: of("productpage"),
        reviews: of("productpage"),
        ratings: of("reviews"),
    };

    it("if its caller needs it, with that method, and not otherwise", () => {
        fc.assert(
            fc.property(
                fc.constantFrom(...BOOKINFO_NAMES),
                anyRequest,
                fc.boolean(),
                (service, request, ownNamespace) => {
                    const policies = [accessSpec(service, known), ...(ownNamespace ? [NOTHING] : [])];
                    const { caller, method, path } = request;
                    const methods = service === "productpage" ? ["GET", "HEAD"] : ["GET"];
                    const posts = service === "productpage" && method === "POST" && path === "/login";
                    const expected = caller === CALLERS[service] && (methods.includes(method) || posts);
                    expect(isAllowed(policies, request)).toBe(expected);
                },
            ),
            { numRuns: 1000 },
        );
    });

    it("in every combination with tokens: both must allow it", () => {
        const issuer = "https://issuer.example/a";
        fc.assert(
            fc.property(anyRequest, fc.boolean(), (request, leastPrivilege) => {
                const access = leastPrivilege ? [accessSpec("productpage", known)] : [];
                const hasToken = request.token?.startsWith(`${issuer}/`) ?? false;
                expect(isAllowed([...access, tokenRequiredSpec({ issuer })], request)).toBe(
                    hasToken && isAllowed(access, request),
                );
            }),
        );
    });

    it("if it goes to any other pod in a namespace of others, but not in the stack's own", () => {
        const policies = BOOKINFO_NAMES.map((service) => accessSpec(service, known));
        const selected = (labels: Record<string, string>) =>
            policies.filter(({ selector }) =>
                Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value),
            );
        const request = { method: "DELETE", path: "/" };
        expect(isAllowed(selected({ app: "somebody-else" }), request)).toBe(true);
        expect(isAllowed([...selected({ app: "somebody-else" }), NOTHING], request)).toBe(false);
        for (const { name: service } of BOOKINFO_SERVICES) {
            expect(selected({ app: service, version: "v1" })).toHaveLength(1);
        }
    });
});

describe("identities follow what is set for the charts:", () => {
    it.each<[object, string]>([
        [{}, "cluster.local"],
        [{ meshConfig: { trustDomain: "prod.example" } }, "prod.example"],
        [{ meshConfig: null }, "cluster.local"],
    ])("the trust domain, for %j", (values, expected) => {
        expect(trustDomainOf(values as never)).toBe(expected);
    });

    it.each<[object, string]>([
        [{}, "istio-ingressgateway"],
        [{ serviceAccount: { name: "edge" } }, "edge"],
        [{ serviceAccount: { create: false } }, "default"],
        [{ serviceAccount: { create: false, name: "edge" } }, "edge"],
    ])("the gateway's service account, for %j", (values, expected) => {
        expect(gatewayServiceAccountOf(values as never)).toBe(expected);
    });
});

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
        const { publicKey: short } = generateKeyPairSync("rsa", { modulusLength: 1024 });
        expect(issues(jwt({ jwks: set(short.export({ format: "jwk" })) }))).toEqual([
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

    it("with the advice to make a new one", () => {
        expect(issues({ login: { jwt: { issuer: "i", jwks: set(privateKey()) } } })).toEqual([
            expect.stringMatching(/it has a private key, .*make a new key, because this one has been in the config/),
        ]);
    });
});

const POLICY = "kubernetes:security.istio.io/v1:AuthorizationPolicy";
const bookinfo = {
    access: "least-privilege",
    login: { jwt: { issuer: "i", jwks: { keys: [{ kty: "EC", crv: "P-256", x: "", y: "" }] }, audiences: ["b"] } },
    rateLimit: { productpage: { requests: 10, per: "1m" } },
};
const everything = () => {
    const login = { jwt: { ...bookinfo.login.jwt, jwks: { keys: [publicKey()] } } };
    return { cluster: CLUSTER, bookinfo: { ...bookinfo, login } };
};
const namesOf = (resources: Registration[]) => resources.map((resource) => resource.name).sort();
const added = (none: Run, run: Run) =>
    namesOf(run.resources.filter(({ urn }) => none.resources.every((other) => other.urn !== urn)));

describe("the program", () => {
    it("declares nothing if nothing is set, and leaves every other resource as it is", async () => {
        const none = await runProgram({ cluster: CLUSTER });
        const run = await runProgram(everything());
        expect(ofType(none, /BookinfoSecurity|security.istio.io.*(Authorization|Request)|EnvoyFilter/)).toEqual([]);
        expect(added(none, run)).toEqual([
            "bookinfo",
            "bookinfo-details-access",
            "bookinfo-productpage-access",
            "bookinfo-productpage-login",
            "bookinfo-productpage-rate-limit",
            "bookinfo-ratings-access",
            "bookinfo-reviews-access",
            "bookinfo-tokens",
            "bookinfo-tokens-known",
        ]);
        // The password of Grafana is another one in each run.
        for (const { urn, inputs } of none.resources.filter(({ type }) => !type.endsWith(":Secret"))) {
            expect(run.resources.find((other) => other.urn === urn)?.inputs).toEqual(inputs);
        }
    });

    it("shuts a whole namespace only if it is the stack's own, and its services never before they are opened", async () => {
        const own = { ...everything(), app: { namespace: "shop" } };
        const run = await runProgram(own);
        const nothing = find(run, POLICY, "bookinfo-allow-nothing");
        expect(nothing.inputs).toMatchObject({ metadata: { name: "allow-nothing", namespace: "shop" }, spec: {} });
        expect(namesOf(waitedFor(run, nothing.urn))).toEqual(
            expect.arrayContaining([
                "bookinfo-access-known",
                ...BOOKINFO_NAMES.map((service) => `bookinfo-${service}-access`),
            ]),
        );
        const { inputs } = find(run, POLICY, "bookinfo-ratings-access");
        expect(JSON.stringify(inputs)).toContain("cluster.local/ns/shop/sa/bookinfo-reviews");

        const shared = { ...own, cluster: { ...CLUSTER, existingNamespaces: ["shop"] } };
        const names = namesOf((await runProgram(shared)).resources);
        expect(names).not.toContain("bookinfo-allow-nothing");
        expect(names).not.toContain("bookinfo-access-known");
    });

    it("asks for tokens when proxies know which are good, and forgets these after it", async () => {
        const run = await runProgram(everything());
        const asked = find(run, POLICY, "bookinfo-productpage-login");
        const before = waitedFor(run, asked.urn).map((resource) => resource.name);
        expect(before).toEqual(expect.arrayContaining(["bookinfo-tokens", "bookinfo-tokens-known"]));
        expect(find(run, "bookinfo-mesh:bookinfo:Propagation", "bookinfo-tokens-known").inputs).toEqual({ seconds: 5 });
    });

    it("waits for strict mutual TLS with every policy, and opens the gateway after them", async () => {
        const run = await runProgram(everything());
        const policies = ofType(run, /AuthorizationPolicy|RequestAuthentication|EnvoyFilter/);
        expect(policies).toHaveLength(7);
        for (const { urn } of policies) {
            expect(namesOf(waitedFor(run, urn))).toEqual(
                expect.arrayContaining(["istio-gateway", "istio-strict-mtls"]),
            );
        }
        const routes = find(run, "kubernetes:networking.istio.io/v1:VirtualService", "bookinfo-routes");
        expect(namesOf(waitedFor(run, routes.urn))).toEqual(expect.arrayContaining(namesOf(policies)));
    });

    it("names callers by the trust domain and the service account that are set, also if the values are encrypted", async () => {
        const values = {
            istiod: { meshConfig: { trustDomain: "prod.example" } },
            gateway: { serviceAccount: { name: "edge" } },
        };
        const run = await runProgram({ ...everything(), istio: { values } }, { secretKeys: ["istio"] });
        const { inputs } = find(run, POLICY, "bookinfo-productpage-access");
        expect(inputs).toMatchObject({
            spec: { rules: [{ from: [{ source: { principals: ["prod.example/ns/istio-system/sa/edge"] } }] }] },
        });
        expect(unwrapSecrets(inputs).secrets).toEqual([]);
    });
});
