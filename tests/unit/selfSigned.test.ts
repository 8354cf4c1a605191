import { createPrivateKey, X509Certificate } from "node:crypto";
import * as fc from "fast-check";
import { certificateNames, credentialNameOf } from "../../components/istio/gatewayNames";
import { selfSigned } from "../../components/istio/selfSigned";

describe("a certificate of the program's making", () => {
    const day = 24 * 60 * 60_000;

    it("is a server's, is no CA, and lasts ten years", () => {
        const now = Date.now();
        const { certificate, key } = selfSigned(["books.example.com"], now);
        const read = new X509Certificate(certificate);
        expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
        expect(read.verify(read.publicKey)).toBe(true);
        expect(read.checkIssued(read)).toBe(true);
        expect(read.ca).toBe(false);
        // serverAuth: https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12
        expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
        expect(read.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
        expect(Date.parse(read.validFrom)).toBeLessThan(now);
        expect((Date.parse(read.validTo) - now) / day).toBeCloseTo(3650, 0);
    });

    it("has its dates in four digits from 2050 on", () => {
        const { validFrom, validTo } = new X509Certificate(selfSigned(["a.b"], Date.UTC(2045, 0, 1)).certificate);
        expect([validFrom, validTo].map((date) => new Date(date).getUTCFullYear())).toEqual([2044, 2054]);
    });

    const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,20}[a-z0-9])?$/);
    const name = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join("."));
    const names = fc.array(
        fc.oneof(
            name,
            name.map((each) => `*.${each}`),
        ),
        { minLength: 1, maxLength: 40 },
    );

    it("is for exactly its names, whatever they are", () => {
        fc.assert(
            fc.property(names, (wanted) => {
                const { subjectAltName, serialNumber } = new X509Certificate(selfSigned(wanted).certificate);
                expect(subjectAltName).toBe(wanted.map((each) => `DNS:${each}`).join(", "));
                expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
            }),
            { numRuns: 30 },
        );
    });

    it("is for exactly its addresses, whatever they are", () => {
        fc.assert(
            fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
                const read = new X509Certificate(selfSigned([address]).certificate);
                expect(read.checkIP(address)).toBeDefined();
                expect(read.subjectAltName).toMatch(/^IP Address:[^,]+$/);
            }),
            { numRuns: 50 },
        );
    });

    it("is for the hosts, else for the address in front of the gateway, else for its name in the cluster", () => {
        const address = { host: "192.0.2.7" };
        expect(certificateNames({ hosts: ["a.example.com", "*.b.example.com"], address })).toEqual([
            "a.example.com",
            "*.b.example.com",
        ]);
        expect(certificateNames({ hosts: ["*"], address })).toEqual(["192.0.2.7"]);
        expect(certificateNames({})).toEqual(["istio-ingressgateway.istio-system.svc"]);
    });

    it("is another Secret with other names, and the same in any order", () => {
        const nameFor = (...hosts: string[]) => credentialNameOf({}, { hosts });
        expect(nameFor("a.example.com", "b.example.com")).toBe(nameFor("b.example.com", "a.example.com"));
        expect(nameFor("a.example.com")).not.toBe(nameFor("b.example.com"));
        expect(nameFor("a.example.com")).toMatch(/^bookinfo-gateway-[0-9a-f]{8}$/);
        expect(credentialNameOf({ secret: "books" }, {})).toBe("books");
    });
});
