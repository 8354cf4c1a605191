import { foreignKeyPair } from "./keyPair";
import { pageAccessOf } from "./pageAccess";

const keyPair = foreignKeyPair();
const { publicJwk } = keyPair;
const own = () => keyPair;
const none = () => undefined;

const file = (bookinfo: object) => ({ config: { "bookinfo-mesh:bookinfo": bookinfo } });
const withKeys = (keys: unknown[], jwt: object = {}) =>
    file({ login: { jwt: { issuer: "i", jwks: { keys }, ...jwt } } });
const other = { kty: "EC", crv: "P-256", x: "x", y: "y" };

describe("the commands ask for the page", () => {
    it("like anybody if it asks for nothing", () => {
        expect(pageAccessOf(undefined, own)).toEqual({ headers: {}, expected: {} });
        expect(pageAccessOf(file({ access: "least-privilege" }), own)).toEqual({ headers: {}, expected: {} });
    });

    it("with a token if the config knows the key of this clone", () => {
        const { headers, expected } = pageAccessOf(withKeys([other, publicJwk], { audiences: ["a", "b"] }), own);
        expect(expected).toEqual({});
        const [, claims = ""] = (headers.authorization ?? "").replace(/^Bearer /, "").split(".");
        expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({ iss: "i", aud: "a" });
    });

    it.each([
        ["the config has other keys", withKeys([other]), own],
        ["this clone has no key", withKeys([publicJwk]), none],
        ["the keys are elsewhere", withKeys([], { jwks: undefined, jwksUri: "https://i/keys" }), own],
        ["the config is encrypted", file({ login: { secure: "v1:..." } }), own],
    ])("without one, and expect 403, if %s", (_, stackFile, pair) => {
        const { headers, expected } = pageAccessOf(stackFile, pair);
        expect(headers).toEqual({});
        expect(expected).toEqual({ 403: "bookinfo.login.jwt asks for tokens that are not made here" });
    });

    it("and expect 429 if the page has a limit", () => {
        const rateLimit = { productpage: { requests: 1, per: "1h" } };
        expect(Object.keys(pageAccessOf(file({ rateLimit }), own).expected)).toEqual(["429"]);
        expect(pageAccessOf(file({ rateLimit: { reviews: rateLimit.productpage } }), own).expected).toEqual({});
    });
});
