import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { LoadSummary } from "../../../packages/cli/load/summary";
import { signedToken } from "../../../packages/cli/token/jwt";
import { foreignKeyPair } from "../../../packages/cli/token/keyPair";
import { live } from "../../../packages/sandbox/paths";
import {
    coldStart,
    get,
    getFromNode,
    kubectl,
    npmRun,
    poll,
    PRIVILEGED_NAMESPACE,
    productPage,
    removeStack,
    runOnSandbox,
    stableObjects,
    WITHOUT_ADDONS,
    writeStackFile,
} from "../commands";
import { nothingDeployed } from "../sharedSandbox";
import { RATE, underLoad } from "../underLoad";
import {
    answersOf,
    DRAINED,
    type MeshRequest,
    removeStranger,
    requestFrom,
    requestsFrom,
    startStranger,
} from "./meshClient";

/* What protects Bookinfo: who may call whom, tokens, and rate limits. Each is switched on and off again while users ask for the page. */

const stack = "e2e-security";

/** Deploys with these settings of Bookinfo, and nothing else of this kind. */
async function change(bookinfo: object, app: object = {}): Promise<void> {
    writeStackFile(stack, { istio: WITHOUT_ADDONS, bookinfo: { ...bookinfo }, app: { ...app } });
    const { code, output } = await npmRun("up", "--stack", stack);
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
}

/**
 * The same, and waits until every connection has these settings. Each worker of a proxy has connections of its own, so one good answer
 * says nothing of the next.
 */
async function changeAll(bookinfo: object, app: object = {}): Promise<void> {
    await change(bookinfo, app);
    await sleep(DRAINED);
}

const PATHS = { productpage: "/productpage", details: "/details/0", reviews: "/reviews/0", ratings: "/ratings/0" };
const SERVICES = Object.keys(PATHS) as (keyof typeof PATHS)[];
const CALLERS = [...SERVICES, "stranger"];

/** The requests of every caller to every service. */
function matrix(namespace = "default"): MeshRequest[] {
    return CALLERS.flatMap((from) => SERVICES.map((to) => ({ from, to, path: PATHS[to], namespace })));
}

/**
 * How many requests may be lost in a change. Each policy makes proxies close the connections that they have kept open. In several
 * thousand requests, one came just then over such a connection, and Istio tries only those again that were not sent yet.
 */
const CUT_OFF = 1;

/** Who gets an answer from whom with least privilege. */
const ALLOWED = { served: ["productpage details", "productpage reviews", "reviews ratings"], others: ["403"] };

interface Served {
    /** Who got 200 from whom, such as `reviews ratings`. */
    served: string[];
    /** The statuses of all others. */
    others: string[];
}

/** Who is served by whom, when proxies have what was deployed: as expected, or what they have in the end. */
async function served(expected: Served, namespace?: string): Promise<Served> {
    const requests = matrix(namespace);
    const judge = (answers: string[]): Served => {
        const all = requests.map(({ from, to }, index) => [`${from} ${to}`, answers[index] ?? ""] as const);
        return {
            served: all.filter(([, answer]) => answer === "200").map(([pair]) => pair),
            others: [...new Set(all.filter(([, answer]) => answer !== "200").map(([, answer]) => answer))],
        };
    };
    return judge(await answersOf(requests, (answers) => isDeepStrictEqual(judge(answers), expected)));
}

const EVERYBODY = { served: matrix().map(({ from, to }) => `${from} ${to}`), others: [] };

/** What `verify` says, if it passes: at the latest when no connection of before is open. */
async function verified(): Promise<string> {
    const { code, output } = await poll(
        () => npmRun("verify", "--stack", stack),
        (result) => result.code === 0,
        { timeout: 60_000 },
    );
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    return output;
}

/** Names of pods with how often they have been started again. */
const restarts = () =>
    kubectl("get", "pods", "--output=jsonpath={range .items[*]}{.metadata.name} {..restartCount} {..ready} {end}");

/**
 * The statuses that the page answers in the end to many requests at once: they use every connection of the gateway, and some of before
 * are still open.
 */
async function lastStatus(expected: number): Promise<number[]> {
    const ask = async () => {
        const answers = await Promise.all(Array.from({ length: 30 }, () => get(productPage)));
        return [...new Set(answers.map(({ status }) => status))];
    };
    return poll(ask, (statuses) => isDeepStrictEqual(statuses, [expected]), { timeout: 60_000 });
}

/** The page's answer, with this token. */
const withToken = (token: string) => get(productPage, { headers: { authorization: `Bearer ${token}` } });

async function token(...options: string[]): Promise<string> {
    const { code, stdout } = await npmRun("token", "--stack", stack, ...options);
    expect(code).toBe(0);
    return stdout.trim();
}

const SECURITY_KINDS = /AuthorizationPolicy|RequestAuthentication|EnvoyFilter/;

/** The objects of Istio's kinds for security that the stack has made. */
const policies = async () => (await stableObjects()).filter((object) => SECURITY_KINDS.test(object));

/** What `istioctl analyze` says of the objects that this file is about. */
async function analysis(): Promise<{ code: number; findings: string[] }> {
    if (!fs.existsSync(path.join(live.bin, "istioctl"))) {
        expect(await npmRun("sandbox", "up", "--istioctl")).toMatchObject({ code: 0 });
    }
    const { code, output } = await runOnSandbox("istioctl", "analyze", "--namespace", "default");
    // It says that of every EnvoyFilter.
    const general = /EnvoyFilter exposes internal implementation details/;
    const findings = output.split("\n").filter((line) => SECURITY_KINDS.test(line) && !general.test(line));
    return { code, findings };
}

let before: string[];

beforeAll(async () => {
    await nothingDeployed();
    await change({});
    await startStranger("stranger");
    before = await stableObjects();
}, coldStart);

afterAll(async () => {
    await removeStranger("stranger");
    await removeStack(stack);
}, 300_000);

it("begins with services that serve every caller of the mesh, and nobody outside", async () => {
    expect(await served(EVERYBODY)).toEqual(EVERYBODY);
    expect(await policies()).toEqual([]);
    const address = await kubectl(
        "get",
        "pods",
        "--selector=app=details",
        "--output=jsonpath={.items[0].status.podIP}",
    );
    expect(await getFromNode(`http://${address}:9080/details/0`)).toBe("ECONNRESET");
}, 120_000);

describe("with least privilege", () => {
    it("the page is served while it is switched on", async () => {
        const { sent, lost } = await underLoad(() => changeAll({ access: "least-privilege" }));
        expect(sent).toBeGreaterThan(RATE);
        expect(lost.length).toBeLessThanOrEqual(CUT_OFF);
    }, 180_000);

    it("each service only serves its callers, with their methods", async () => {
        expect(await served(ALLOWED)).toEqual(ALLOWED);
        const post = (from: string, to: keyof typeof PATHS) =>
            requestFrom({ from, to, path: PATHS[to], method: "POST" });
        expect([await post("reviews", "ratings"), await post("productpage", "details")]).toEqual(["403", "403"]);
    }, 120_000);

    it("the gateway brings everything that a page needs, and no other method", async () => {
        const page = await get(productPage);
        expect(page.body).toMatch(/Reviewer1/);
        expect(page.body).not.toMatch(/unavailable/);
        const ask = async (path: string, method: string) =>
            (await get(new URL(path, productPage).href, { method })).status;
        expect(await ask("/productpage", "HEAD")).toBe(200);
        expect(await ask("/login", "POST")).toBe(302);
        expect(await ask("/productpage", "POST")).toBe(403);
        expect(await ask("/productpage", "DELETE")).toBe(403);
        // The product page may not ask for ratings itself. It passes on the answer.
        expect(await ask("/api/v1/products/0/ratings", "GET")).toBe(403);
    }, 60_000);

    it("pods of others in the namespace are left alone", async () => {
        const request = { from: "details", to: "stranger", path: "/details/0", method: "POST" };
        expect(await requestFrom(request)).toBe("200");
    }, 60_000);

    it("probes, metrics, the API server's way to the page and verify still work", async () => {
        const started = await restarts();
        const address = await kubectl(
            "get",
            "pods",
            "--selector=app=productpage",
            "--output=jsonpath={.items[0].status.podIP}",
        );
        expect(await getFromNode(`http://${address}:15020/stats/prometheus`)).toBe("200");
        const proxy = "/api/v1/namespaces/istio-system/services/istio-ingressgateway:80/proxy/productpage";
        expect(await kubectl("get", "--raw", proxy)).toMatch(/Reviewer1/);
        expect(await verified()).toMatch(/ok +access +17 pairs of caller and service: 4 are let in, 13 get 403/);
        // Several periods of the probes.
        await sleep(20_000);
        expect(await restarts()).toBe(started);
        expect(started).not.toContain("false");
    }, 120_000);

    it(
        "istioctl finds nothing wrong with it",
        async () => {
            expect(await analysis()).toEqual({ code: 0, findings: [] });
        },
        coldStart,
    );

    it("all callers are served again when it is undone, and the page all the time", async () => {
        const { lost } = await underLoad(() => change({}));
        expect(lost.length).toBeLessThanOrEqual(CUT_OFF);
        expect(await served(EVERYBODY)).toEqual(EVERYBODY);
        expect(await stableObjects()).toEqual(before);
    }, 240_000);
});

describe("with tokens", () => {
    let login: object;
    let good: string;

    beforeAll(async () => {
        const jwks = await token("--jwks");
        login = { jwt: { issuer: "bookinfo-mesh", jwks, audiences: ["bookinfo"] } };
        writeStackFile(stack, { istio: WITHOUT_ADDONS, bookinfo: { login } });
        good = await token("--user", "ann");
    }, 60_000);

    it("whoever has a good one is served all the time", async () => {
        const headers = { authorization: `Bearer ${good}` };
        const { sent, lost } = await underLoad(() => changeAll({ login }), { headers });
        expect(sent).toBeGreaterThan(RATE);
        expect(lost.length).toBeLessThanOrEqual(CUT_OFF);
    }, 180_000);

    it("the page answers 200 with a good one, 403 without one, and 401 with a bad one", async () => {
        expect(await get(productPage)).toMatchObject({ status: 403, body: "RBAC: access denied" });
        expect(await withToken(good)).toMatchObject({ status: 200 });
        const content = { user: "eve", issuer: "bookinfo-mesh", audience: "bookinfo", expires: 60_000 };
        const [header = "", claims = ""] = good.split(".");
        const bad = {
            foreign: signedToken(foreignKeyPair("k"), content),
            expired: await token("--expires", "-5m"),
            otherIssuer: await token("--issuer", "somebody-else"),
            changed: `${header}.${Buffer.from(JSON.stringify({ iss: "bookinfo-mesh", sub: "eve" })).toString("base64url")}.x`,
            unsigned: `${Buffer.from('{"alg":"none"}').toString("base64url")}.${claims}.`,
            none: "abc",
        };
        const statuses = Object.entries(bad).map(async ([name, each]) => [name, (await withToken(each)).status]);
        expect(Object.fromEntries(await Promise.all(statuses))).toEqual(
            Object.fromEntries(Object.keys(bad).map((name) => [name, 401])),
        );
        // Envoy refuses a good token that is for somebody else with 403.
        expect((await withToken(await token("--audience", "other"))).status).toBe(403);
    }, 120_000);

    it("it applies together with least privilege: a token is no excuse for the wrong caller, nor the other way round", async () => {
        await change({ login, access: "least-privilege" });
        expect(await served(ALLOWED)).toEqual(ALLOWED);
        expect(await withToken(good)).toMatchObject({ status: 200 });
        expect(await get(productPage)).toMatchObject({ status: 403 });
    }, 240_000);

    it("our own commands bring a token: load and verify", async () => {
        expect(await npmRun("load", "--stack", stack, "--requests", "20")).toMatchObject({ code: 0 });
        const output = await verified();
        expect(output).toMatch(/ok +access +17 pairs/);
        expect(output).toMatch(
            /ok +tokens +a good token: 200, an expired one: 401, one of a foreign key: 401, none: 403/,
        );
    }, 120_000);

    it("the page is for everybody again when it is undone, and good tokens are served all the time", async () => {
        const { lost } = await underLoad(() => change({}), { headers: { authorization: `Bearer ${good}` } });
        expect(lost.length).toBeLessThanOrEqual(CUT_OFF);
        expect(await lastStatus(200)).toEqual([200]);
        expect(await stableObjects()).toEqual(before);
    }, 240_000);
});

describe("with a rate limit", () => {
    it("the page gets 429 after so many requests, and takes more after a while", async () => {
        const started = await restarts();
        await changeAll({ rateLimit: { productpage: { requests: 5, per: "1m" } } });
        const ask = async () => (await get(productPage)).status;
        const statuses: number[] = [];
        for (let sent = 0; sent < 12; sent += 1) {
            statuses.push(await ask());
        }
        expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
        // One more may have come in meanwhile: 60 s for 5 requests are 12 s for one.
        expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(6);
        const limited = await fetch(productPage);
        expect([limited.status, limited.headers.get("x-local-rate-limit")]).toEqual([429, "true"]);
        // Refused requests have no effect on those of others, nor on probes.
        expect(await requestFrom({ from: "productpage", to: "details", path: "/details/0" })).toBe("200");
        await sleep(13_000);
        expect(await ask()).toBe(200);
        expect(await restarts()).toBe(started);
    }, 240_000);

    it("our own commands show it: verify what the proxy has, load what it lets in", async () => {
        expect(await verified()).toMatch(/ok +rate limits +productpage: 5 requests in 60 s in 1 proxy/);
        const { stdout } = await npmRun("load", "--stack", stack, "--requests", "20", "--json");
        const [row] = (JSON.parse(stdout) as LoadSummary).asked ?? [];
        expect(row).toMatchObject({ what: "let in by the limit", of: 20 });
        expect(row?.seen).toBeLessThanOrEqual(row?.most ?? 0);
    }, 60_000);

    it("what policies refuse does not use it up", async () => {
        await changeAll({ access: "least-privilege", rateLimit: { ratings: { requests: 10, per: "1h" } } });
        const answers = (from: string) =>
            requestsFrom(Array<MeshRequest>(12).fill({ from, to: "ratings", path: "/ratings/0" }));
        expect(new Set(await answers("stranger"))).toEqual(new Set(["403"]));
        const allowed = await answers("reviews");
        expect([allowed[0], allowed.at(-1)]).toEqual(["200", "429"]);
        // A limit refuses only what a policy has let in.
        expect(await verified()).toMatch(/ok +access +17 pairs/);
        // The page has no stars then, but it is there.
        expect(await get(productPage)).toMatchObject({ status: 200 });
    }, 240_000);

    it(
        "istioctl finds nothing wrong with it",
        async () => {
            expect(await analysis()).toEqual({ code: 0, findings: [] });
        },
        coldStart,
    );

    it("everything is served when it is undone", async () => {
        await change({});
        expect(await lastStatus(200)).toEqual([200]);
        expect(await stableObjects()).toEqual(before);
    }, 180_000);
});

/** A namespace of the stack's own. */
const SHOP = { namespace: "shop", namespaceLabels: PRIVILEGED_NAMESPACE };

describe("in a namespace of the stack's own", () => {
    it("whatever else runs there is shut too, and the page loses no request", async () => {
        await change({}, SHOP);
        await startStranger("stranger", "shop");
        const { lost } = await underLoad(() => changeAll({ access: "least-privilege" }, SHOP));
        expect(lost.length).toBeLessThanOrEqual(CUT_OFF);
        expect(await served(ALLOWED, "shop")).toEqual(ALLOWED);
        const request = { from: "details", to: "stranger", path: "/details/0", namespace: "shop" };
        expect(await requestFrom(request)).toBe("403");
    }, 300_000);

    it("the page is served while it is undone", async () => {
        const { lost } = await underLoad(() => change({}, SHOP));
        expect(lost.length).toBeLessThanOrEqual(CUT_OFF);
        expect(await policies()).toEqual([]);
        await removeStranger("stranger", "shop");
    }, 240_000);
});
