import { createAuthority, type KeyedCertificate } from "../../sandbox/controlPlane/certificates";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import { unreadableCa } from "./ownCa";

type Authority = Awaited<ReturnType<typeof createAuthority>>;
let ca: Authority;
let other: Authority;
let server: KeyedCertificate;
beforeAll(async () => {
    [ca, other] = await Promise.all([createAuthority(), createAuthority()]);
    server = await ca.server(["a"], []);
});

const secretOf = (data: Record<string, string>) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "cacerts", namespace: "istio-system" },
    data: Object.fromEntries(
        Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")] as const),
    ),
});
const right = () => ({
    "ca-cert.pem": ca.certificate,
    "ca-key.pem": ca.key,
    "cert-chain.pem": ca.certificate,
    "root-cert.pem": ca.certificate,
});
const check = (data?: Record<string, string>) => {
    const cluster = new FakeCluster();
    cluster.objects = data ? [secretOf(data)] : [];
    return unreadableCa(cluster.api);
};

describe("A5: a CA of one's own", () => {
    it("is right as Istio and as cert-manager write it, and need not be there", async () => {
        expect(await check()).toBeUndefined();
        expect(await check(right())).toBeUndefined();
        const tls = { "tls.crt": ca.certificate, "tls.key": ca.key, "ca.crt": ca.certificate };
        expect(await check(tls)).toBeUndefined();
        expect(await check({ "istio-generated": "" })).toBeUndefined();
    });

    it.each<[string, () => Record<string, string>]>([
        ["it lacks ca-key.pem", () => ({ ...right(), "ca-key.pem": "" })],
        ["ca-cert.pem has no certificate that can be read", () => ({ ...right(), "ca-cert.pem": "x" })],
        ["root-cert.pem has no certificate that can be read", () => ({ ...right(), "root-cert.pem": "x" })],
        ["ca-key.pem has no private key that can be read", () => ({ ...right(), "ca-key.pem": "SECRET" })],
        ["ca-key.pem is not the key of ca-cert.pem", () => ({ ...right(), "ca-key.pem": other.key })],
        [
            "ca-cert.pem is not the certificate of a CA",
            () => ({ ...right(), "ca-cert.pem": server.certificate, "ca-key.pem": server.key }),
        ],
        [
            "ca-cert.pem does not lead to root-cert.pem",
            () => ({ ...right(), "root-cert.pem": other.certificate, "cert-chain.pem": other.certificate }),
        ],
    ])("is refused because %s", async (problem, data) => {
        const found = await check(data());
        expect(found).toContain(`the Secret istio-system/cacerts, which is to hold the CA of the mesh, cannot be used`);
        expect(found).toContain(problem);
        expect(found).not.toContain("SECRET");
    });

    it("is refused after it has expired", async () => {
        jest.useFakeTimers({ now: Date.now() + 400 * 24 * 3600_000, doNotFake: ["nextTick", "setImmediate"] });
        try {
            expect(await check(right())).toMatch(/the certificate of CN=bookinfo-mesh-sandbox has expired at/);
        } finally {
            jest.useRealTimers();
        }
    });
});
