import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { Mesh } from "../mesh/mesh";
import { foreignKeyPair, type PublicJwk } from "../token/keyPair";
import { pageAccessOf } from "../token/pageAccess";
import { failed } from "./check";
import { asksForTokens, checkTokens } from "./tokens";

// A pause takes no time, and the clock moves on by it.
jest.mock("../../kubernetes/wait", () => ({
    pause: () => {
        jest.setSystemTime(Date.now() + 10_000);
        return Promise.resolve();
    },
}));

const own = foreignKeyPair();
const other = foreignKeyPair();

/** What Envoy answers to a token, if the page takes those of a key: its signature, its time, and whether there is one at all. */
function answerOf(authorization: string | undefined, key: PublicJwk): [status: number, body: string] {
    if (authorization === undefined) {
        return [403, "RBAC: access denied"];
    }
    const [header = "", claims = "", signature = ""] = authorization.replace(/^Bearer /, "").split(".");
    const [{ kid }, { exp }] = [header, claims].map(
        (part) => JSON.parse(Buffer.from(part, "base64url").toString()) as { kid?: string; exp?: number },
    ) as [{ kid?: string }, { exp?: number }];
    if (kid !== key.kid) {
        return [401, "Jwks doesn't have key to match kid or alg from Jwt"];
    }
    const by = {
        key: createPublicKey({ key: key as unknown as JsonWebKey, format: "jwk" }),
        dsaEncoding: "ieee-p1363",
    } as const;
    if (!verify("sha256", Buffer.from(`${header}.${claims}`), by, Buffer.from(signature, "base64url"))) {
        return [401, "Jwt verification fails"];
    }
    return (exp ?? 0) < Date.now() / 1000 ? [401, "Jwt is expired"] : [200, "the page"];
}

let page: Server;
let answer: typeof answerOf;
let bodies: string[];

beforeAll(async () => {
    page = createServer(({ headers }, response) => {
        const [status, body] = answer(headers.authorization, own.publicJwk);
        bodies.push(body);
        response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
    page.closeAllConnections();
    page.close();
});
beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["setTimeout", "setInterval", "setImmediate", "nextTick", "performance"] });
    answer = answerOf;
    bodies = [];
});
afterEach(() => {
    jest.useRealTimers();
});

/** The check of a stack whose config knows these keys. */
function check(keys: PublicJwk[], url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/productpage`) {
    const login = { jwt: { issuer: "i", jwks: { keys } } };
    const access = pageAccessOf({ config: { "bookinfo-mesh:bookinfo": { login } } }, () => own);
    const mesh = {
        api: new FakeCluster().api,
        appNamespace: "default",
        drainSeconds: 45,
        pageUrl: url,
        access,
        commands: { redeploy: "again" },
    };
    return checkTokens(mesh as unknown as Mesh);
}

it("is about stacks that ask for tokens alone", () => {
    const withAccess = (access: Mesh["access"]) => asksForTokens({ access } as Mesh);
    expect(withAccess(undefined)).toBe(false);
    expect(withAccess(pageAccessOf({ config: {} }))).toBe(false);
    expect(withAccess({ headers: {}, expected: {}, jwt: { login: { issuer: "i", audiences: [] } } })).toBe(true);
});

it("asks with a good token, with bad ones whose key the page knows by name, and without", async () => {
    expect(await check([own.publicJwk])).toEqual({
        status: "ok",
        found: "a good token: 200, an expired one: 401, one of a foreign key: 401, none: 403",
    });
    const reasons = ["Jwt is expired", "Jwt verification fails", "RBAC: access denied", "the page"];
    expect([...bodies].sort()).toEqual(reasons);
});

it("does without good tokens if their key is not here", async () => {
    expect(await check([other.publicJwk])).toEqual({
        status: "ok",
        found: "one of a foreign key: 401, none: 403; good tokens are not made here",
    });
});

it("takes a limit's answer to a good token for let in", async () => {
    answer = (...given) => (answerOf(...given)[0] === 200 ? [429, "local_rate_limited"] : answerOf(...given));
    expect((await check([own.publicJwk])).found).toContain("a good token: 429");
});

it("fails if a bad token or none is let in, or a good one is not", async () => {
    answer = () => [200, "the page"];
    expect(await check([own.publicJwk])).toEqual(
        failed(
            "an expired one gets 200, not 401; one of a foreign key gets 200, not 401; none gets 200, not 403",
            "again",
        ),
    );
    answer = () => [401, "Jwt verification fails"];
    expect((await check([own.publicJwk])).found).toBe("a good token gets 401, not 200; none gets 401, not 403");
});

it("gives connections that were open the time to follow a change", async () => {
    let answers = 0;
    answer = (...given) => ((answers += 1) <= 8 ? [200, "the page"] : answerOf(...given));
    expect((await check([own.publicJwk])).status).toBe("ok");
});

it("says nothing of tokens if the page does not answer", async () => {
    const result = await check([own.publicJwk], "http://127.0.0.1:1/productpage");
    expect(result).toMatchObject({ status: "off", found: expect.stringContaining("connection refused") as string });
});
