import * as fc from "fast-check";
import { accessSpec, NOTHING } from "../../components/bookinfo/accessSpecs";
import { tokenRequiredSpec, tokensSpec } from "../../components/bookinfo/loginSpecs";
import { rateLimitSpec } from "../../components/bookinfo/rateLimitSpecs";
import { BOOKINFO_SERVICES } from "../../components/bookinfo/services";
import type { AuthorizationPolicySpec } from "../../components/istio/api";
import { drainSecondsOf, gatewayServiceAccountOf, trustDomainOf } from "../../components/istio/values";
import { BOOKINFO_NAMES } from "../../components/names";
import { foreignKeyPair } from "../../packages/cli/token/keyPair";
import { unwrapSecrets } from "../../packages/shared/secrets";
import { once } from "./once";
import { CLUSTER, find, NO_ADDONS, ofType, type Registration, type Run, runProgram, waitedFor } from "./program";

const publicKey = once(() => foreignKeyPair().publicJwk);

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

describe("follows what is set for the charts:", () => {
    it.each<[object, string]>([
        [{}, "cluster.local"],
        [{ meshConfig: { trustDomain: "prod.example" } }, "prod.example"],
        [{ meshConfig: null }, "cluster.local"],
    ])("the trust domain, for %j", (values, expected) => {
        expect(trustDomainOf(values as never)).toBe(expected);
    });

    it.each<[object, number]>([
        [{}, 45],
        [{ meshConfig: { defaultConfig: { drainDuration: "1.5s" } } }, 1.5],
        [{ meshConfig: { defaultConfig: { drainDuration: 15 } } }, 45],
    ])("how long connections keep what they have, for %j", (values, expected) => {
        expect(drainSecondsOf(values as never)).toBe(expected);
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
        const own = { ...everything(), app: { namespace: "shop" }, istio: NO_ADDONS };
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
        const istio = { ...NO_ADDONS, values };
        const run = await runProgram({ ...everything(), istio }, { secretKeys: ["istio"] });
        const { inputs } = find(run, POLICY, "bookinfo-productpage-access");
        expect(inputs).toMatchObject({
            spec: { rules: [{ from: [{ source: { principals: ["prod.example/ns/istio-system/sa/edge"] } }] }] },
        });
        expect(unwrapSecrets(inputs).secrets).toEqual([]);
    });
});
