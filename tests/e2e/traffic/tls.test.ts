import * as fs from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createAuthority } from "../../../packages/sandbox/controlPlane/certificates";
import {
    coldStart,
    type CommandResult,
    get,
    kubectl,
    npmRun,
    poll,
    removeStack,
    runCommand,
    sandboxEnvironment,
    stableObjects,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { during } from "../postCommands";
import { nothingDeployed } from "../sharedSandbox";
import { RATE, underLoad } from "../underLoad";
import { certificateFor, type Client, GATEWAY, getSecurely } from "./httpsClient";

/*
 * The ingress gateway with HTTPS, own host names and clients with certificates, and the access logs. One deployment goes through
 * these settings, because a change takes seconds.
 */

const STACK = "secured";
const options = ["--stack", STACK];
const HOST = "books.example.com";
const OTHER = "shop.example.com";
const SYSTEM = ["--namespace", "istio-system"];

let folder: string;
let authority: Awaited<ReturnType<typeof createAuthority>>;
/** The objects of the stack without any of these settings. */
let plain: string[];

const tls = (settings: object, hosts = [HOST]) => ({ gateway: { hosts, tls: settings } });

async function up(istio: object = {}): Promise<CommandResult> {
    writeStackFile(STACK, { istio: { ...WITHOUT_ADDONS, ...istio } });
    const result = await npmRun("up", "--rendered", ...options);
    expect(result).toMatchObject({ code: 0 });
    return result;
}

/** The certificate of the program's making. */
async function ownCertificate(): Promise<string> {
    const names = (await kubectl(...SYSTEM, "get", "secrets", "--output=name")).match(/bookinfo-gateway-\w+$/gm) ?? [];
    expect(names).toHaveLength(1);
    const column = "--output=jsonpath={.data.tls\\.crt}";
    return Buffer.from(await kubectl(...SYSTEM, "get", "secret", names[0] ?? "", column), "base64").toString();
}

/** A TLS Secret with a certificate of the test's CA. */
async function createSecret(name: string, ...hosts: string[]): Promise<void> {
    const { certificate, key } = await authority.server(hosts, []);
    const [cert, keyFile] = [path.join(folder, `${name}.crt`), path.join(folder, `${name}.key`)];
    fs.writeFileSync(cert, certificate);
    fs.writeFileSync(keyFile, key);
    await kubectl(...SYSTEM, "create", "secret", "tls", name, `--cert=${cert}`, `--key=${keyFile}`);
}

/** The result of a check of `verify`. */
async function verified(name: string, ...args: string[]): Promise<{ status: string; found: string } | undefined> {
    const { stdout } = await npmRun("verify", "--json", ...options, ...args);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; found: string }[] };
    const check = checks.find((each) => each.name === name);
    return check && { status: check.status, found: check.found };
}

/** The status and the location of an answer over plain HTTP. */
function getPlainly(host: string): Promise<{ status: number; location?: string }> {
    return new Promise((resolve, reject) => {
        http.get({ host: GATEWAY, path: "/productpage", headers: { host }, agent: false }, (response) => {
            response.resume();
            resolve({ status: response.statusCode ?? 0, location: response.headers.location });
        }).on("error", reject);
    });
}

beforeAll(async () => {
    await nothingDeployed();
    folder = fs.mkdtempSync(path.join(tmpdir(), "secured-"));
    authority = await createAuthority();
    await up();
    plain = await stableObjects();
}, coldStart);

afterAll(async () => {
    await removeStack(STACK);
    await kubectl(...SYSTEM, "delete", "secret", "books-1", "books-2", "--ignore-not-found");
    fs.rmSync(folder, { recursive: true });
}, 300_000);

describe("a certificate of the program's making", () => {
    let result: CommandResult;
    let client: Client;
    beforeAll(async () => {
        result = await up(tls({ selfSigned: true }));
        client = { ca: await ownCertificate() };
    }, 300_000);

    it("is shown for the gateway's host, and no other host is served", async () => {
        expect(await certificateFor(HOST, client)).toBe(`DNS:${HOST}`);
        expect(await certificateFor(OTHER, client)).toBe("ECONNRESET");
        expect((await getPlainly(OTHER)).status).toBe(404);
    });

    it("serves the page, and plain HTTP is sent there", async () => {
        const { status, body } = await getSecurely(HOST, client);
        expect(status).toBe(200);
        expect(body).toContain("The Comedy of Errors");
        expect(await getPlainly(HOST)).toEqual({ status: 301, location: `https://${HOST}/productpage` });
    });

    it("is in the outputs, with a command that gets the page although no DNS knows it", async () => {
        expect(result.stdout).toContain(`Bookinfo is up: https://${HOST}/productpage\n`);
        expect(result.stdout).toContain(`  ingressIp: ${GATEWAY}\n`);
        const [, command = ""] = /^ {2}curlCommand: (.*)$/m.exec(result.stdout) ?? [];
        const page = await runCommand("bash", ["-c", `cd ${folder} && ${command}`], sandboxEnvironment);
        expect(page.stdout).toContain("The Comedy of Errors");
    });

    it("is trusted by load, verify and the dashboard, which reach the gateway without DNS", async () => {
        const load = await npmRun("load", "--requests", "20", ...options);
        expect(load.stdout).toMatch(/status codes +200 +20/);
        expect(load.stdout).toContain(`https://${HOST}/productpage`);
        expect(await verified("HTTPS")).toEqual({
            status: "ok",
            found: `TLSv1.3 with a certificate for ${HOST}; port 80 redirects`,
        });
        expect(await verified("page")).toEqual({ status: "ok", found: `https://${HOST}/productpage answers 200` });
        const port = 18_443;
        const page = await during(
            `npm run --silent dashboard -- bookinfo --port ${port} --no-open ${options.join(" ")}`,
            /Ctrl-C ends this/,
            () => get(`http://localhost:${port}/productpage`),
        );
        expect(page).toMatchObject({ status: 200, server: "istio-envoy" });
    }, 180_000);

    it("stays in the next deployment, and is another one for other hosts", async () => {
        await up(tls({ selfSigned: true }));
        expect(await ownCertificate()).toBe(client.ca);
        await up(tls({ selfSigned: true }, [HOST, "*.example.com"]));
        const ca = await ownCertificate();
        expect(await certificateFor(OTHER, { ca })).toBe(`DNS:${HOST}, DNS:*.example.com`);
    }, 300_000);
});

describe("a certificate of the user's", () => {
    let client: Client;
    beforeAll(() => {
        client = { ca: authority.certificate };
    });

    it("may come later, and that is said", async () => {
        const { output } = await up(tls({ secret: "books-1" }));
        expect(output).toContain(
            "Note: the Secret istio-system/books-1, which istio.gateway.tls.secret names, is not there yet",
        );
        expect(output).toContain(`Then the page is at https://${HOST}/productpage.`);
        await createSecret("books-1", HOST);
        const shown = await poll(
            () => certificateFor(HOST, client),
            (names) => names === `DNS:${HOST}`,
            { timeout: 30_000 },
        );
        expect(shown).toBe(`DNS:${HOST}`);
        expect((await getSecurely(HOST, client)).status).toBe(200);
    }, 180_000);

    it("is refused before anything is changed if it lacks a host", async () => {
        writeStackFile(STACK, { istio: { ...WITHOUT_ADDONS, ...tls({ secret: "books-1" }, [HOST, OTHER]) } });
        const { code, output } = await npmRun("up", "--rendered", ...options);
        expect(code).not.toBe(0);
        expect(output).toContain(
            `its certificate is not for ${OTHER}, but istio.gateway.hosts has that; it is for DNS:${HOST}`,
        );
        expect(output).toContain("Nothing was changed.");
    }, 120_000);

    it("is replaced, and hosts and the mode are changed, without a lost request", async () => {
        await createSecret("books-2", HOST, OTHER);
        const signed = await authority.client("ann");
        const asClient = { ...client, cert: signed.certificate, key: signed.key };
        const { sent, lost } = await underLoad(
            async () => {
                await up(tls({ secret: "books-2" }));
                await up(tls({ secret: "books-2" }, [HOST, OTHER]));
                await up(tls({ secret: "books-2", mode: "mutual", clientCa: authority.certificate }, [HOST, OTHER]));
            },
            { ask: () => getSecurely(HOST, asClient) },
        );
        expect(lost).toEqual([]);
        expect(sent).toBeGreaterThan(3 * RATE);
        expect(await certificateFor(OTHER, asClient)).toBe(`DNS:${HOST}, DNS:${OTHER}`);
    }, 300_000);
});

describe("a gateway that wants a certificate of its clients", () => {
    const settings = () => ({ secret: "books-2", mode: "mutual", clientCa: authority.certificate });
    let files: string[];
    let asClient: Client;
    beforeAll(async () => {
        const { certificate: cert, key } = await authority.client("ann");
        asClient = { ca: authority.certificate, cert, key };
        files = ["--cert", path.join(folder, "ann.crt"), "--key", path.join(folder, "ann.key")];
        fs.writeFileSync(files[1] ?? "", cert);
        fs.writeFileSync(files[3] ?? "", key);
        await up(tls(settings()));
    }, 300_000);

    it("refuses those without one, or with one of another CA, and serves those with one", async () => {
        const other = await (await createAuthority()).client("eve");
        const ca = authority.certificate;
        await expect(getSecurely(HOST, { ca })).rejects.toThrow(/certificate required|ECONNRESET|socket hang up/);
        await expect(getSecurely(HOST, { ca, cert: other.certificate, key: other.key })).rejects.toThrow();
        expect((await getSecurely(HOST, asClient)).status).toBe(200);
    });

    it("is asked by load and verify with the certificate, and without it they say so", async () => {
        const without = await npmRun("load", "--requests", "5", ...options);
        expect(without.code).not.toBe(0);
        expect(without.output).toContain("name one with --cert FILE --key FILE");
        const load = await npmRun("load", "--requests", "20", ...options, ...files);
        expect(load.stdout).toMatch(/status codes +200 +20/);
        expect((await verified("HTTPS"))?.found).toContain("refuses clients without a certificate");
        expect((await verified("page"))?.status).toBe("off");
        expect((await verified("HTTPS", ...files))?.found).toContain("lets ours in");
        expect((await verified("page", ...files))?.status).toBe("ok");
    }, 180_000);
});

describe("access logs", () => {
    const logged = async (deployment: string, ...place: string[]) => {
        const lines = (
            await kubectl(...place, "logs", `deployment/${deployment}`, "--container=istio-proxy", "--tail=200")
        ).split("\n");
        // Envoy's own log lines have another form.
        return lines
            .filter((line) => line.includes(' HTTP/1.1" '))
            .map((line) => /"\w+ (\S+) HTTP\/1.1" (\d+)/.exec(line)?.slice(1).join(" "));
    };
    const visit = (...paths: string[]) => Promise.all(paths.map((each) => get(`http://${GATEWAY}${each}`)));
    const hasLine = (deployment: string, wanted: string, ...place: string[]) =>
        poll(
            () => logged(deployment, ...place),
            (lines) => lines.includes(wanted),
            { timeout: 60_000, interval: 1000 },
        );

    it("have only the requests that the filter lets through", async () => {
        await up({ accessLogs: { enabled: true, filter: "response.code >= 400" } });
        const lines = await poll(
            async () => {
                await visit("/productpage", "/missing-1");
                return logged("istio-ingressgateway", ...SYSTEM);
            },
            (each) => each.includes("/missing-1 404"),
            { timeout: 60_000, interval: 1000 },
        );
        expect(lines).toContain("/missing-1 404");
        expect(lines).not.toContain("/productpage 200");
    }, 180_000);

    it("have all requests of all proxies without a filter", async () => {
        await up({ accessLogs: { enabled: true } });
        await poll(
            () => visit("/productpage"),
            () => false,
            { timeout: 5000, interval: 500 },
        );
        expect(await hasLine("istio-ingressgateway", "/productpage 200", ...SYSTEM)).toContain("/productpage 200");
        expect(await hasLine("details-v1", "/details/0 200")).toContain("/details/0 200");
    }, 180_000);
});

it("leaves nothing when it is undone", async () => {
    await up();
    // Helm keeps the last revisions of a release only, and the Secrets of the test are its own.
    const isOurs = (object: string) => !/ istio-system\/(?:books-[12]|sh\.helm\.release\..*)$/.test(object);
    expect((await stableObjects()).filter(isOurs)).toEqual(plain.filter(isOurs));
    expect(await get(`http://${GATEWAY}/productpage`)).toMatchObject({ status: 200 });
    const closed = () => certificateFor(HOST, { ca: authority.certificate });
    expect(await poll(closed, (code) => code === "ECONNREFUSED", { timeout: 60_000, interval: 1000 })).toBe(
        "ECONNREFUSED",
    );
}, 180_000);
