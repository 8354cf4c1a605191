import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { faultOfJwks } from "../../../config/jwks";
import type * as ProjectConfig from "../program/projectConfig";
import type { Claims } from "./jwt";
import { findKeyPair, keyPair } from "./keyPair";
import { answerTo, type TokenOptions } from "./token";

let mockJwt: unknown;
jest.mock("../program/projectConfig", (): typeof ProjectConfig => ({
    ...jest.requireActual<typeof ProjectConfig>("../program/projectConfig"),
    readStackFile: () => ({ config: { "bookinfo-mesh:bookinfo": { login: { jwt: mockJwt } } } }),
}));

let folder: string;
beforeEach(() => {
    mockJwt = undefined;
    folder = path.join(mkdtempSync(path.join(tmpdir(), "token-")), "state");
});
afterEach(() => {
    rmSync(path.dirname(folder), { recursive: true });
});

const HOUR = 3_600_000;
const answer = (options: Partial<TokenOptions> = {}) =>
    answerTo({ user: "jason", expires: HOUR, stack: "mine", ...options }, folder);
const keyFile = () => path.join(folder, "token-key.json");
const part = (token: string, index: number) =>
    JSON.parse(Buffer.from(token.split(".")[index] ?? "", "base64url").toString()) as unknown;
const claimsOf = (token: string) => part(token, 1) as Claims;
const keys = () => (JSON.parse(answer({ jwks: true }).output) as { keys: JsonWebKey[] }).keys;

describe("a token", () => {
    it("is a JSON Web Token that the printed public key proves, and nothing else is printed", () => {
        const { output } = answer();
        expect(output).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
        const [key = {}] = keys();
        expect(part(output, 0)).toEqual({ alg: "ES256", typ: "JWT", kid: key.kid });
        const [header = "", payload = "", signature = ""] = output.split(".");
        const publicKey = createPublicKey({ key, format: "jwk" });
        const isGood = (text: string) =>
            verify(
                "sha256",
                Buffer.from(text),
                { key: publicKey, dsaEncoding: "ieee-p1363" },
                Buffer.from(signature, "base64url"),
            );
        expect(isGood(`${header}.${payload}`)).toBe(true);
        expect(isGood(`${header}.${payload}x`)).toBe(false);
    });

    it("says who it is for, from whom, and how long it is good", () => {
        const before = Math.floor(Date.now() / 1000);
        const { iss, sub, aud, iat, exp } = claimsOf(answer({ user: "ann" }).output);
        expect({ iss, sub, aud }).toEqual({ iss: "bookinfo-mesh", sub: "ann", aud: undefined });
        expect(iat).toBeGreaterThanOrEqual(before);
        expect(exp - iat).toBe(3600);
    });

    it("can have expired, and was issued before that", () => {
        const { iat, exp } = claimsOf(answer({ expires: -5 * 60_000 }).output);
        expect(exp).toBeLessThanOrEqual(Date.now() / 1000 - 300);
        expect(iat).toBeLessThan(exp);
    });

    it("follows the stack's config, unless an option says otherwise", () => {
        mockJwt = { issuer: "https://i.example", audiences: ["shop", "other"], jwksUri: "https://i.example/keys" };
        expect(claimsOf(answer().output)).toMatchObject({ iss: "https://i.example", aud: "shop" });
        const options = { issuer: "me", audience: "you" };
        expect(claimsOf(answer(options).output)).toMatchObject({ iss: "me", aud: "you" });
    });

    it("needs a user", () => {
        expect(() => answer({ user: "" })).toThrow(/must not be empty/);
    });
});

describe("the key", () => {
    it("is made once, and only its owner can read it", () => {
        const first = keys();
        expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
        expect(statSync(folder).mode & 0o077).toBe(0);
        expect(keys()).toEqual(first);
        expect(claimsOf(answer().output).sub).toBe("jason");
    });

    it("is closed to others again if somebody has opened it", () => {
        keyPair(folder);
        chmodSync(keyFile(), 0o644);
        keyPair(folder);
        expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    });

    it("stays secret: neither tokens, nor keys, nor advice have its private part", () => {
        const texts = [answer(), answer({ jwks: true })].flatMap(({ output, advice = "" }) => [output, advice]);
        const { d = "" } = JSON.parse(readFileSync(keyFile(), "utf8")) as JsonWebKey;
        expect(d.length).toBeGreaterThan(40);
        for (const text of texts) {
            expect(text).not.toContain(d);
        }
        expect(faultOfJwks({ keys: keys() })).toBeUndefined();
    });

    it("is not made by looking for it", () => {
        expect(findKeyPair(folder)).toBeUndefined();
        expect(existsSync(keyFile())).toBe(false);
    });

    it("is not replaced if its file is damaged, and the file is not quoted", () => {
        keyPair(folder);
        writeFileSync(keyFile(), '{"d":"secret"');
        expect(() => answer()).toThrow(/token-key.json, the key of tokens, is damaged; move it away/);
        expect(() => answer()).not.toThrow(/"secret"/);
        expect(readFileSync(keyFile(), "utf8")).toBe('{"d":"secret"');
    });
});

describe("the advice", () => {
    it("says how to have the page ask for a token, if it asks for none", () => {
        const { advice = "" } = answer();
        expect(advice).toMatch(/By the config of stack "mine", the page asks for no token\. To have it ask/);
        expect(advice).toMatch(
            /pulumi config set --stack mine --path bookinfo.login.jwt.issuer bookinfo-mesh\n +pulumi config set --stack mine --path bookinfo.login.jwt.jwks '{"keys":\[{.*}\]}'/,
        );
        expect(advice).toMatch(/in Pulumi.mine.yaml:\n +bookinfo-mesh:bookinfo:\n +login:/);
    });

    it("gives a set that the config takes, with the keys that it has already", () => {
        const other = { kty: "EC", crv: "P-256", x: "other", y: "other" };
        mockJwt = { issuer: "bookinfo-mesh", jwks: { keys: [other] } };
        expect(answer().advice).toMatch(/This key is not in the config of stack "mine", so the page answers 401/);
        expect(keys()).toHaveLength(2);
        expect(keys()[0]).toEqual(other);
        mockJwt = { issuer: "bookinfo-mesh", jwks: answer({ jwks: true }).output };
        expect(keys()).toHaveLength(2);
    });

    it("is nothing if the page takes the token", () => {
        mockJwt = { issuer: "i", audiences: ["a"], jwks: JSON.stringify({ keys: keys() }) };
        expect(answer().advice).toBeUndefined();
        mockJwt = { issuer: "i", jwks: { keys: keys() } };
        expect(answer().advice).toBeUndefined();
    });

    it.each<[object, Partial<TokenOptions>, RegExp]>([
        [{ issuer: "i" }, { issuer: "j" }, /only takes tokens of the issuer i: leave out --issuer/],
        [{ audiences: ["a", "b"] }, { audience: "c" }, /only takes tokens for a or b: leave out --audience/],
        [{ jwksUri: "https://i/keys" }, {}, /keys are at https:\/\/i\/keys. If this one is not among them/],
        [{ jwks: { secure: "v1:..." } }, {}, /Only the Pulumi CLI can read the config/],
    ])("tells why the page refuses it: %j", (jwt, options, expected) => {
        mockJwt = { issuer: "i", ...(!("jwksUri" in jwt || "jwks" in jwt) && { jwks: { keys: keys() } }), ...jwt };
        expect(answer(options).advice).toMatch(expected);
    });
});
