import { selfSigned } from "../../../components/istio/selfSigned";
import { ApiError } from "../../kubernetes/apiError";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import { findIngress } from "../mesh/ingress";
import { stackOf } from "../testing/stack";
import { TlsGateway } from "../testing/tlsGateway";
import { checkGatewayCertificate, missingCertificate } from "./gatewayCertificate";

const HOST = "books.example.com";
const OTHER = selfSigned(["other.example.com"]);
const GOOD = selfSigned([HOST, "*.books.example.com"]);

let cluster: FakeCluster;
beforeEach(() => {
    cluster = new FakeCluster();
});

const stackWith = (gateway: object) => stackOf({ file: { config: { "bookinfo-mesh:istio": { gateway } } } });
const NAMED = { hosts: [HOST, "a.books.example.com"], tls: { secret: "books" } };

function put(values: Record<string, string>): void {
    const data = Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    const metadata = { name: "books", namespace: "istio-system" };
    cluster.objects = [{ apiVersion: "v1", kind: "Secret", metadata, data }];
}

const check = (gateway: object = NAMED) => checkGatewayCertificate(stackWith(gateway), cluster.api);

describe("the Secret that istio.gateway.tls.secret names", () => {
    it("is right under each of istiod's keys, for all hosts", async () => {
        put({ "tls.crt": GOOD.certificate, "tls.key": GOOD.key });
        expect(await check()).toEqual([]);
        put({ cert: GOOD.certificate, key: GOOD.key });
        expect(await check()).toEqual([]);
        // Any host: the names are the user's affair.
        put({ "tls.crt": OTHER.certificate, "tls.key": OTHER.key });
        expect(await check({ tls: { secret: "books" } })).toEqual([]);
    });

    it.each<[string, Record<string, string>, RegExp]>([
        ["other keys", { certificate: GOOD.certificate }, /it lacks tls.crt or tls.key/],
        ["no key", { "tls.crt": GOOD.certificate, "tls.key": "" }, /it lacks tls.crt or tls.key/],
        [
            "no certificate",
            { "tls.crt": "-----BEGIN", "tls.key": GOOD.key },
            /tls.crt has no certificate that can be read/,
        ],
        [
            "another key",
            { "tls.crt": GOOD.certificate, "tls.key": OTHER.key },
            /tls.key is not the private key of tls.crt/,
        ],
        [
            "other names",
            { "tls.crt": OTHER.certificate, "tls.key": OTHER.key },
            /not for books.example.com, a.books.example.com.*it is for DNS:other.example.com/,
        ],
        [
            "a wildcard for too many labels",
            (({ certificate, key }) => ({ "tls.crt": certificate, "tls.key": key }))(selfSigned(["*.example.com"])),
            /its certificate is not for a.books.example.com,/,
        ],
        [
            "an expired certificate",
            (({ certificate, key }) => ({ "tls.crt": certificate, "tls.key": key }))(
                selfSigned([HOST], Date.UTC(2001)),
            ),
            /the certificate of CN=Bookinfo ingress gateway has expired at .* 20(?:10|11) GMT/,
        ],
    ])("is refused with %s, and no key is shown", async (_, values, expected) => {
        put(values);
        const findings = await check();
        expect(findings).toEqual([{ refused: true, text: expect.stringMatching(expected) as string }]);
        const [{ text } = { text: "" }] = findings;
        expect(text).toMatch(/^the Secret istio-system\/books, which istio.gateway.tls.secret names, cannot serve: /);
        for (const { key } of [GOOD, OTHER]) {
            expect(text).not.toContain((key.split("\n")[1] ?? "").slice(0, 10));
        }
    });

    it.each<[string, () => void]>([
        ["missing", () => undefined],
        [
            "begun by its controller",
            () => {
                put({ "tls.crt": "", "tls.key": "" });
            },
        ],
    ])("may come later: if it is %s, that is only said", async (_, prepare) => {
        prepare();
        expect(await check()).toEqual([
            {
                refused: false,
                text: expect.stringMatching(
                    /^the Secret istio-system\/books, .* is not there yet\. .*\n.*\n {2}kubectl .* create secret tls books --cert=FILE --key=FILE$/,
                ) as string,
            },
        ]);
    });

    it("is not checked if the user may not read it, or if the program makes the certificate", async () => {
        const refuse = () => Promise.reject(new ApiError(403, "forbidden"));
        const api = Object.assign(cluster.api, { read: refuse });
        expect(await checkGatewayCertificate(stackWith(NAMED), api)).toEqual([]);
        expect(await check({ tls: { selfSigned: true } })).toEqual([]);
        expect(await check({})).toEqual([]);
    });
});

describe("the end of up", () => {
    it.each<[string, Parameters<typeof TlsGateway.start>[0], RegExp | undefined]>([
        [
            "says that the Secret is missing",
            { secret: null },
            /is not there yet.*\. Then the page is at https:\/\/books.example.com/,
        ],
        ["says nothing if it is there", {}, undefined],
    ])("%s", async (_, options, expected) => {
        const gateway = await TlsGateway.start(options);
        const { api } = gateway.cluster;
        const notice = await missingCertificate(api, await findIngress(api, { appNamespace: "default" }));
        gateway.stop();
        expect(notice).toEqual(expected ? expect.stringMatching(expected) : undefined);
    });
});
