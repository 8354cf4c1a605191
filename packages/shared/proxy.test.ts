import { curlProxyFor, goProxyFor, shownProxy } from "./proxy";

const PROXY = "http://proxy.corp:3128";
const by = (server: string, env: Record<string, string>) => goProxyFor(new URL(server), env)?.href;
/** Whether a server is asked through the proxy despite these exceptions. */
const isProxied = (server: string, exceptions: string) =>
    by(server, { HTTPS_PROXY: PROXY, NO_PROXY: exceptions }) !== undefined;

describe("A8: the proxy for the API server", () => {
    it("is that of HTTPS_PROXY, in upper or lower case, as for kubectl", () => {
        expect(by("https://api.example.com:6443", { HTTPS_PROXY: PROXY })).toBe(`${PROXY}/`);
        expect(by("https://api.example.com:6443", { https_proxy: PROXY })).toBe(`${PROXY}/`);
        expect(by("https://api.example.com", { HTTPS_PROXY: PROXY, https_proxy: "http://other:1" })).toBe(`${PROXY}/`);
        expect(by("https://api.example.com", { HTTP_PROXY: PROXY, ALL_PROXY: PROXY })).toBeUndefined();
        expect(by("http://api.example.com", { HTTP_PROXY: PROXY })).toBe(`${PROXY}/`);
        expect(by("https://api.example.com", { HTTPS_PROXY: "proxy.corp:3128" })).toBe(`${PROXY}/`);
        expect(by("https://api.example.com", {})).toBeUndefined();
    });

    it("is never asked for this machine itself", () => {
        for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) {
            expect(isProxied(`https://${host}:6443`, "")).toBe(false);
        }
    });

    it.each([
        ["*", "https://api.example.com", false],
        ["example.com", "https://example.com", false],
        ["example.com", "https://api.example.com", false],
        ["example.com", "https://myexample.com", true],
        [".example.com", "https://api.example.com", false],
        [".example.com", "https://example.com", true],
        ["*.example.com", "https://api.example.com", false],
        ["EXAMPLE.com", "https://api.example.com", false],
        ["other.org, example.com", "https://api.example.com", false],
        ["example.com:6443", "https://api.example.com:6443", false],
        ["example.com:443", "https://api.example.com", false],
        ["example.com:8443", "https://api.example.com:6443", true],
        ["10.0.0.0/8", "https://10.1.2.3:6443", false],
        ["10.0.0.0/8", "https://11.1.2.3:6443", true],
        ["10.0.0.0/8", "https://api.example.com", true],
        ["10.1.2.3", "https://10.1.2.3:6443", false],
        ["10.1.2.3:443", "https://10.1.2.3:6443", true],
        ["10.1.2", "https://10.1.2.3:6443", true],
        ["fd00::/8", "https://[fd12::1]:6443", false],
        ["fd12::1", "https://[fd12::1]:6443", false],
        ["[fd12::1]:6443", "https://[fd12::1]:6443", false],
        [" , ,", "https://api.example.com", true],
        ["10.0.0.0/99", "https://10.1.2.3", true],
    ])("goes by NO_PROXY=%j: %s is asked through it: %j", (exceptions, server, proxied) => {
        expect(isProxied(server, exceptions)).toBe(proxied);
    });

    it("is shown without its password", () => {
        expect(shownProxy(new URL("http://ann:secret@proxy.corp:3128"))).toBe("http://proxy.corp:3128");
    });
});

describe("A8: the proxy for the page", () => {
    const page = (url: string, env: Record<string, string>) => curlProxyFor(new URL(url), env)?.href;

    it("is that of curl: http_proxy in lower case only, ALL_PROXY for all", () => {
        expect(page("http://203.0.113.7/productpage", { http_proxy: PROXY })).toBe(`${PROXY}/`);
        expect(page("http://203.0.113.7/productpage", { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY })).toBeUndefined();
        expect(page("https://203.0.113.7/productpage", { HTTPS_PROXY: PROXY })).toBe(`${PROXY}/`);
        expect(page("http://203.0.113.7/productpage", { ALL_PROXY: "socks5h://proxy:1080" })).toBe(
            "socks5h://proxy:1080",
        );
    });

    it("is not asked for exceptions, nor for a forwarded port", () => {
        const env = { http_proxy: PROXY, no_proxy: ".example.com,203.0.113.0/24" };
        expect(page("http://203.0.113.7/productpage", env)).toBeUndefined();
        expect(page("http://example.com/productpage", env)).toBeUndefined();
        expect(page("http://localhost:8080/productpage", { http_proxy: PROXY })).toBeUndefined();
    });
});
