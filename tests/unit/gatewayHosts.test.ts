import { readFileSync } from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { curlCommand } from "../../components/bookinfo/curlCommand";
import { hostFor, isServedBy, urlAt } from "../../components/istio/address";
import { credentialNameOf } from "../../components/istio/gatewayNames";
import { stackReadme } from "../../components/gke/readme";
import { parseConfig } from "../../config";
import type { Files } from "../../config/files";
import { faultOfHost } from "../../config/hosts";
import { issueLines } from "./issueLines";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};
const cluster = JSON.stringify({ kind: "kubeconfig", path: "~/config", context: "here" });
const parse = (gateway: object) => parseConfig({ cluster, istio: JSON.stringify({ gateway }) }, { files });
const issues = (gateway: object) => issueLines(() => parse(gateway));

const CURL = { path: "/k", context: "here" };

describe("the page's URL", () => {
    const at = (host: string, port: number, served?: Parameters<typeof urlAt>[2]) =>
        urlAt({ host, port }, "/p", served);
    it.each([
        [at("192.0.2.1", 80), "http://192.0.2.1/p"],
        [at("192.0.2.1", 443), "https://192.0.2.1/p"],
        [at("192.0.2.1", 443, { https: true }), "https://192.0.2.1/p"],
        [at("localhost", 8443, { https: true }), "https://localhost:8443/p"],
        [at("2001:db8::1", 443, { https: true }), "https://[2001:db8::1]/p"],
        [at("192.0.2.1", 80, { hosts: ["books.example.com"] }), "http://books.example.com/p"],
        [at("192.0.2.1", 443, { hosts: ["*.example.com"], https: true }), "https://bookinfo.example.com/p"],
        [at("192.0.2.1", 443, { hosts: ["*", "a.example.com"], https: true }), "https://a.example.com/p"],
        [at("192.0.2.1", 443, { hosts: ["*"], https: true }), "https://192.0.2.1/p"],
        [
            at("b.example.com", 8443, { hosts: ["a.example.com", "*.example.com"], https: true }),
            "https://b.example.com:8443/p",
        ],
    ])("%s", (url, expected) => {
        expect(url).toBe(expected);
    });

    it("has a host that the gateway serves", () => {
        const hosts = fc.array(fc.constantFrom("a.example.com", "*.b.example.com", "c.org"), { minLength: 1 });
        fc.assert(
            fc.property(
                fc.constantFrom("192.0.2.1", "a.example.com", "x.y.b.example.com", "other.org"),
                hosts,
                (address, names) => {
                    const host = hostFor(address, names) ?? "";
                    expect(names.some((name) => isServedBy(host, name))).toBe(true);
                },
            ),
        );
    });
});

describe("the command that gets the page", () => {
    const endpoint = { host: "192.0.2.1", port: 443 };
    const hosts = ["books.example.com"];
    const tls = { mode: "simple", redirect: true } as const;
    const secret = credentialNameOf({}, { hosts });

    it("trusts the program's own certificate alone, and needs no DNS", () => {
        expect(curlCommand(CURL, endpoint, { hosts, tls })).toBe(
            `kubectl --kubeconfig /k --context here --namespace istio-system get secret ${secret} ` +
                `--output 'go-template={{index .data "tls.crt" | base64decode}}' > bookinfo-gateway.crt && ` +
                "curl --cacert bookinfo-gateway.crt --resolve books.example.com:443:192.0.2.1 https://books.example.com/productpage",
        );
    });

    it("names what the certificate names if the gateway serves any host", () => {
        expect(curlCommand(CURL, endpoint, { tls })).toContain(
            "curl --cacert bookinfo-gateway.crt --resolve istio-ingressgateway.istio-system.svc:443:192.0.2.1 " +
                "https://istio-ingressgateway.istio-system.svc/productpage",
        );
    });

    it.each([
        [
            { hosts },
            { host: "192.0.2.1", port: 80 },
            "curl --resolve books.example.com:80:192.0.2.1 http://books.example.com/productpage",
        ],
        [
            { hosts },
            { host: "lb.cloud.example", port: 80 },
            "curl --connect-to books.example.com:80:lb.cloud.example:80 http://books.example.com/productpage",
        ],
        [{ hosts }, { host: "books.example.com", port: 8080 }, "curl http://books.example.com:8080/productpage"],
        [
            { hosts },
            { host: "::1", port: 80 },
            "curl --resolve books.example.com:80:[::1] http://books.example.com/productpage",
        ],
        [
            { hosts, tls: { ...tls, mode: "mutual" as const, secret: "books" } },
            endpoint,
            "curl --cert CLIENT.crt --key CLIENT.key --resolve books.example.com:443:192.0.2.1 https://books.example.com/productpage",
        ],
    ])("%j", (access, place, command) => {
        expect(curlCommand(CURL, place, access)).toBe(command);
    });
});

describe("a host", () => {
    it.each(["*", "books.example.com", "*.example.com", "a.b", "xn--bcher-kva.example"])("%s is accepted", (host) => {
        expect(issues({ hosts: [host] })).toEqual([]);
    });

    it.each<[string, RegExp]>([
        ["192.0.2.1", /it is an IP address/],
        ["2001:db8::1", /it is an IP address/],
        ["https://books.example.com", /it has a scheme, a port or a path/],
        ["books.example.com:443", /it has a scheme, a port or a path/],
        ["books.example.com/productpage", /it has a scheme, a port or a path/],
        ["books.*.com", /a wildcard is a whole first label/],
        ["b*.example.com", /a wildcard is a whole first label/],
        ["*books.example.com", /a wildcard is a whole first label/],
        ["books", /it has no domain/],
        ["books_.example.com", /it is not a host name/],
        ["-a.example.com", /it is not a host name/],
        ["books.example.com.", /it is not a host name/],
        ["books.123", /it is not a host name/],
        ["", /it is not a host name/],
    ])("%s is refused", (host, expected) => {
        expect(faultOfHost(host)).toMatch(expected);
        expect(issues({ hosts: [host] })).toEqual([
            expect.stringMatching(/gateway.hosts\[0\] = .*allowed: list of host names/),
        ]);
    });

    it("is in lower case, and in the list once", () => {
        expect(parse({ hosts: ["Books.Example.com"] }).istio.ingress.hosts).toEqual(["books.example.com"]);
        expect(issues({ hosts: ["a.example.com", "A.example.com"] })).toEqual([
            expect.stringMatching(/a name is in it twice/),
        ]);
        expect(issues({ hosts: "a.example.com" })).toEqual([
            expect.stringMatching(/hosts = "a.example.com": it is a string and not a list/),
        ]);
    });
});

it("is in the README of a stack on Google Cloud, with the command that needs no DNS", () => {
    const file = path.resolve(__dirname, "../../Pulumi.README.md");
    const [url, curl, none] = (["url", "curl", "none"] as const).map((way) => stackReadme(file, way));
    expect(url).toBe(readFileSync(file, "utf8"));
    expect(curl).toMatch(
        /^The page: .*once DNS leads its host to the gateway. Before that:\n\n```\n\$\{outputs.curlCommand\}\n```$/m,
    );
    expect(none).not.toMatch(/productpageUrl|ingressIp|curlCommand/);
});
